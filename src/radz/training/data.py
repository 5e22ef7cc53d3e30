"""The training split as pairs of image and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

from radz.config import DataConfig
from radz.data.loader import (
    Augment,
    Pair,
    PairCollator,
    PairDataset,
    PairSampler,
    SharedSampler,
    TowerStates,
    WriteText,
    train_loader,
)
from radz.data.unlabelled import Archive, ImageDataset, MixedDataset, MixedSampler, ReportDataset, read_reports
from radz.data.views.folds import fold_of, open_corpus
from radz.data.views.held_out import WithoutConcepts, held_ids, normal_texts
from radz.data.views.subset import Limited, Subset
from radz.errors import CorpusError
from radz.imaging.augment import augment
from radz.knowledge import KnowledgeBase
from radz.model.radz import RadZ
from radz.text.synthesis import NORMAL_TEXT, write_report
from radz.training.distributed import rank_and_world_size
from radz.training.sharing import image_identity, share_states
from radz.training.soft_labels import SoftLabels, read_soft_labels
from radz.training.tower_cache import TowerCache, cache_tower
from radz.types import BatchProcessor, Study


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training split and how its pairs are made.

    settings, seed: what it was opened with. concepts: ids, the normal one among them. knowledge: what training may
    know; ``held_out`` (ids) is gone from it and from everything else. images: a corpus of images without reports, or
    ``None``. texts: reports without images, labelled. soft_labels: for the warm-up, if the configuration names some.
    """

    settings: DataConfig
    seed: int
    corpus: Any
    records: Sequence[Study]
    concepts: tuple[str, ...]
    write_text: WriteText
    augment: Augment | None
    knowledge: KnowledgeBase
    held_out: frozenset[str] = frozenset()
    images: Any = None
    texts: tuple[Study, ...] = ()
    soft_labels: SoftLabels | None = None

    def loader(
        self,
        processor: BatchProcessor,
        batch_size: int,
        concepts: tuple[str, ...],
        *,
        workers: int = 0,
        within: tuple[str, ...] = (),
        states: TowerStates | None = None,
        second_view: bool = False,
        archives: Sequence[Archive] = (),
        shared: bool = True,
        soft: bool = False,
    ) -> DataLoader[Any]:
        """Batches of pairs, with rows of ``archives``, in an order of seed and epoch; ``within`` as in PairSampler.

        batch_size is that of one process; where ``shared``, a batch of all processes is drawn as one and dealt out.
        soft: mix the soft labels in, where there are some.
        """
        rank, count = rank_and_world_size()
        targets = self.soft_labels.mixed if soft and self.soft_labels is not None else None
        pairs = PairDataset(self.corpus, self.records, self.write_text, self.augment, states, second_view=second_view)
        sampler: Any = PairSampler(self.records, batch_size * count, within, self.seed)
        dataset: Dataset[Pair] = pairs
        if archives:
            rows = [replace(archive, per_batch=archive.per_batch * count) for archive in archives]
            sampler = MixedSampler(sampler, len(pairs), rows, self.seed)
            dataset = MixedDataset(pairs, rows)
        if shared and count > 1:
            sampler = SharedSampler(sampler, rank, count)
        return train_loader(dataset, sampler, PairCollator(processor, concepts, targets), workers)

    def archives(self, model: RadZ, shared: Path | None) -> list[Archive]:
        """Rows of one modality, where the configuration names some; images as cached states where the pairs are."""
        rows, archives = self.settings.unlabelled, list[Archive]()
        if rows.images is not None:
            states = self.tower_states(model, shared, self.images)
            images = PairDataset(self.images, self.images.records, _no_text, self.augment, states, second_view=True)
            archives.append(Archive(ImageDataset(images), rows.images.per_batch))
        if rows.texts is not None:
            archives.append(Archive(ReportDataset(self.texts), rows.texts.per_batch))
        return archives

    def subset(self, rows: Sequence[int]) -> TrainingData:
        """The same with the images in ``rows`` alone."""
        corpus = Subset(self.corpus, rows)
        return replace(self, corpus=corpus, records=corpus.records)

    def tower_states(self, model: RadZ, shared: Path | None, corpus: Any = None) -> TowerCache | None:
        """The frozen tower's states (P, V) over the cached views of each image; ``None`` runs the tower in every step.

        corpus: other images than those of the pairs. Runs that name the same ``shared`` directory compute them once.
        """
        if not self.settings.cached_views:
            return None
        images = self.corpus if corpus is None else corpus
        views = self.settings.cached_views if self.augment else 1
        compute = partial(cache_tower, model, images, views, self.augment, _progress("tower states"))
        if shared is None:
            return compute()
        return share_states(shared, image_identity(self.settings, self.seed, images.records), model, views, compute)


def open_training_data(
    data: DataConfig, seed: int, batch_size: int = 1, descriptions: Sequence[str] | None = None
) -> TrainingData:
    """Open the corpus's training split and set up its texts and augmentation.

    descriptions: what anchors read of the knowledge base besides names, by default everything. Raises CorpusError for
    fewer studies than one batch, of ``batch_size`` per process.
    """
    corpus = open_corpus(data.corpus, data.root, data.train_split, data.options, fold_of(data))
    findings, knowledge, held_out = tuple(corpus.findings), KnowledgeBase.load(), frozenset[str]()
    if data.held_out:
        held_out = held_ids(data.held_out, corpus.findings, knowledge)
        corpus = WithoutConcepts(corpus, held_out, knowledge, data.report_policy == "report")
        knowledge = knowledge.without(held_out)
    if descriptions is not None:
        knowledge = knowledge.with_description_fields(descriptions)
    if data.limit is not None:
        corpus = Limited(corpus, data.limit, seed)
    batch = batch_size * rank_and_world_size()[1]
    if len(corpus) < batch:
        raise CorpusError(
            f"The split '{data.train_split}' of {data.corpus} has {len(corpus)} studies, fewer than one batch of "
            f"{batch}: lower train.batch_size or check data.options."
        )
    return TrainingData(
        settings=data,
        seed=seed,
        corpus=corpus,
        records=corpus.records,
        concepts=tuple(corpus.findings),
        write_text=text_writer(data, corpus, seed, knowledge, normal_texts(held_out)),
        augment=partial(augment, seed=seed, flip=data.flip) if data.augment else None,
        knowledge=knowledge,
        held_out=held_out,
        images=_open_images(data, held_out, knowledge),
        texts=_read_texts(data, held_out),
        soft_labels=_read_soft_labels(data, corpus.records, findings, held_out),
    )


def _open_images(data: DataConfig, held_out: frozenset[str], knowledge: KnowledgeBase) -> Any:
    """The corpus of images without reports, or ``None``, without what its labels say of held-out findings."""
    source = data.unlabelled.images
    if source is None:
        return None
    same = (source.corpus, source.root) == (data.corpus, data.root)
    corpus = open_corpus(source.corpus, source.root, source.split, source.options, fold_of(data) if same else None)
    return WithoutConcepts(corpus, held_out, knowledge, reports=False) if held_out else corpus


def _read_texts(data: DataConfig, held_out: frozenset[str]) -> tuple[Study, ...]:
    source = data.unlabelled.texts
    if source is None:
        return ()
    return read_reports(source.table, source.column, source.where, source.language, held_out)


def _read_soft_labels(
    data: DataConfig, records: Sequence[Study], findings: Sequence[str], held_out: frozenset[str]
) -> SoftLabels | None:
    if data.soft_labels is None:
        return None
    return read_soft_labels(data.soft_labels, data.soft_weight, records, findings, held_out)


def text_writer(
    data: DataConfig, corpus: Any, seed: int, knowledge: KnowledgeBase, normal: tuple[str, ...] = NORMAL_TEXT
) -> WriteText:
    """The policy that gives each study its text; ``normal``: what may be said of a normal image."""
    if data.report_policy == "report":
        return _report_of_corpus
    names = {concept: knowledge[concept].names for concept in corpus.findings}
    return partial(
        _sentences,
        names=names,
        policy=data.report_policy,
        seed=seed,
        variants=data.text_variants,
        normal_texts=normal,
    )


def _report_of_corpus(study: Study, epoch: int) -> str:
    if not study.report:
        raise CorpusError(
            f"Study {study.study_id} has no report, and data.report_policy is 'report': choose 'varied' to write "
            "sentences from labels, or leave studies without reports out."
        )
    return study.report


def _no_text(study: Study, epoch: int) -> str:
    return ""


def _sentences(study: Study, epoch: int, **settings: Any) -> str:
    return write_report(study, epoch=epoch, **settings)


def _progress(label: str) -> Callable[[Iterator[int], int], Iterator[int]]:
    from tqdm.auto import tqdm

    return lambda steps, total: iter(tqdm(steps, total=total, desc=label))

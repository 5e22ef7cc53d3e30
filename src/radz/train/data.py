"""The training split as pairs of film and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from radz.config import DataConfig, RunConfig
from radz.data.loader import (
    Augment,
    PairCollator,
    PairDataset,
    PairSampler,
    SharedSampler,
    TowerStates,
    WriteText,
    train_loader,
)
from radz.data.unlabelled import Archive, FilmDataset, MixedDataset, MixedSampler, ReportDataset, read_reports
from radz.data.views.folds import fold_of, open_corpus
from radz.data.views.held_out import WithoutConcepts, held_ids, normal_texts
from radz.data.views.subset import Limited
from radz.errors import CorpusError
from radz.imaging.augment import augment
from radz.knowledge import KnowledgeBase
from radz.model.radz import RadZ
from radz.text.synthesis import NORMAL_TEXT, write_report
from radz.train.distributed import rank_and_world_size
from radz.train.sharing import share_states
from radz.train.tower_cache import cache_tower
from radz.types import Study


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training split and how its pairs are made. ``concepts``: ids, the normal one among them.

    knowledge: what training may know; ``held_out`` (ids) is gone from it and from everything else.
    films: a corpus of films without reports. texts: reports without films, labelled.
    """

    corpus: Any
    records: Sequence[Study]
    concepts: tuple[str, ...]
    write_text: WriteText
    augment: Augment | None
    knowledge: KnowledgeBase
    held_out: frozenset[str] = frozenset()
    films: Any = None
    texts: tuple[Study, ...] = ()

    def loader(
        self,
        model: RadZ,
        config: RunConfig,
        batch_size: int,
        concepts: tuple[str, ...],
        *,
        within: tuple[str, ...] = (),
        states: TowerStates | None = None,
        second_view: bool = False,
        archives: Sequence[Archive] = (),
        shared: bool = True,
    ) -> Any:
        """Batches of pairs, with rows of ``archives``, in an order of seed and epoch; ``within`` as in PairSampler.

        batch_size is that of one process; a batch of all of them is drawn as one and dealt out where ``shared``.
        """
        rank, count = rank_and_world_size()
        dataset = PairDataset(self.corpus, self.records, self.write_text, self.augment, states, second_view=second_view)
        sampler: Any = PairSampler(self.records, batch_size * count, within, config.seed)
        collator = PairCollator(model.processor, concepts)
        everything: Any = dataset
        if archives:
            rows = [replace(archive, per_batch=archive.per_batch * count) for archive in archives]
            sampler = MixedSampler(sampler, len(dataset), rows, config.seed)
            everything = MixedDataset(dataset, rows)
        if shared and count > 1:
            sampler = SharedSampler(sampler, rank, count)
        return train_loader(everything, sampler, collator, config.train.workers)

    def archives(self, model: RadZ, config: RunConfig) -> list[Archive]:
        """Rows of one modality, where the configuration names some; films as cached states where the pairs are."""
        rows, found = config.data.unlabelled, list[Archive]()
        if rows.images is not None:
            states = self.tower_states(model, config, self.films)
            films = PairDataset(self.films, self.films.records, _no_text, self.augment, states, second_view=True)
            found.append(Archive(FilmDataset(films), rows.images.per_batch))
        if rows.texts is not None:
            found.append(Archive(ReportDataset(self.texts), rows.texts.per_batch))
        return found

    def tower_states(self, model: RadZ, config: RunConfig, corpus: Any = None) -> TowerStates | None:
        """The frozen tower's states over the cached views of each film; ``None`` for none: the tower runs every step.

        corpus: other films than those of the pairs. Runs that share a directory compute them once.
        """
        if not config.data.cached_views:
            return None
        films = self.corpus if corpus is None else corpus
        views = config.data.cached_views if self.augment else 1
        make = partial(cache_tower, model, films, views, self.augment, _progress("tower states"))
        return make() if config.shared is None else share_states(config, films.records, model, views, make)


def open_training_data(config: RunConfig) -> TrainingData:
    """Open the corpus's training split and settle its texts and augmentation."""
    data = config.data
    corpus = open_corpus(data.corpus, data.root, data.train_split, data.options, fold_of(data))
    knowledge, held = KnowledgeBase.load(), frozenset[str]()
    if data.held_out:
        held = held_ids(data.held_out, corpus.findings, knowledge)
        corpus = WithoutConcepts(corpus, held, knowledge, data.report_policy == "report")
        knowledge = knowledge.without(held)
    knowledge = knowledge.with_description_fields(config.descriptions)
    if data.limit is not None:
        corpus = Limited(corpus, data.limit, config.seed)
    batch = config.train.batch_size * rank_and_world_size()[1]
    if len(corpus) < batch:
        raise CorpusError(
            f"The split '{data.train_split}' of {data.corpus} has {len(corpus)} studies, fewer than one batch of "
            f"{batch}: lower train.batch_size or check data.options."
        )
    shown = partial(augment, seed=config.seed, flip=data.flip) if data.augment else None
    write = text_writer(data, corpus, config.seed, knowledge, normal_texts(held))
    films, texts = _open_films(data, held, knowledge), _read_texts(data, held)
    return TrainingData(corpus, corpus.records, tuple(corpus.findings), write, shown, knowledge, held, films, texts)


def _open_films(data: DataConfig, held: frozenset[str], knowledge: KnowledgeBase) -> Any:
    """The corpus of films without reports, or ``None``; of those held out, what their labels say is left out."""
    source = data.unlabelled.images
    if source is None:
        return None
    same = (source.corpus, source.root) == (data.corpus, data.root)
    corpus = open_corpus(source.corpus, source.root, source.split, source.options, fold_of(data) if same else None)
    return WithoutConcepts(corpus, held, knowledge, reports=False) if held else corpus


def _read_texts(data: DataConfig, held: frozenset[str]) -> tuple[Study, ...]:
    source = data.unlabelled.texts
    if source is None:
        return ()
    return read_reports(source.table, source.column, source.where, source.language, held)


def text_writer(
    data: DataConfig, corpus: Any, seed: int, knowledge: KnowledgeBase, normal: tuple[str, ...] = NORMAL_TEXT
) -> WriteText:
    """The policy that gives each study its text; ``normal`` is what may be said of a normal film."""
    if data.report_policy == "report":
        return _own_report
    names = {concept: knowledge[concept].names for concept in corpus.findings}
    return partial(
        _sentences,
        names=names,
        policy=data.report_policy,
        seed=seed,
        variants=data.text_variants,
        normal_texts=normal,
    )


def _own_report(study: Study, epoch: int) -> str:
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

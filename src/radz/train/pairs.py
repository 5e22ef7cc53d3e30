"""The training split as pairs of film and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from radz import registry
from radz.config import DataConfig, RunConfig
from radz.data.augment import augment
from radz.data.held_out import WithoutConcepts, held_ids, normal_texts
from radz.data.loading import Augment, PairCollator, PairDataset, PairSampler, TowerStates, WriteText, train_loader
from radz.data.sentences import NORMAL_TEXT, write_report
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.model.radz import RadZ
from radz.train.tower_cache import cache_tower
from radz.types import Study


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training split and how its pairs are made. ``concepts``: ids, the normal one among them.

    knowledge: what training may know; ``held_out`` (ids) is gone from it and from everything else.
    """

    corpus: Any
    records: Sequence[Study]
    concepts: tuple[str, ...]
    write_text: WriteText
    augment: Augment | None
    knowledge: KnowledgeBase
    held_out: frozenset[str] = frozenset()

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
    ) -> Any:
        """Batches of pairs in an order fixed by seed and epoch; ``within`` as in PairSampler."""
        dataset = PairDataset(self.corpus, self.records, self.write_text, self.augment, states, second_view=second_view)
        sampler = PairSampler(self.records, batch_size, within, config.seed)
        return train_loader(dataset, sampler, PairCollator(model.processor, concepts), config.train.workers)

    def tower_states(self, model: RadZ, views: int) -> TowerStates | None:
        """The frozen tower's states over ``views`` of each film; ``None`` for 0: the tower runs in every step."""
        if not views:
            return None
        return cache_tower(model, self.corpus, views if self.augment else 1, self.augment, _progress("tower states"))


def open_training_data(config: RunConfig) -> TrainingData:
    """Open the corpus's training split and settle its texts and augmentation."""
    data = config.data
    corpus = registry.load("corpora", data.corpus)(data.root, split=data.train_split, **data.options)
    knowledge, held = KnowledgeBase.load(), frozenset[str]()
    if data.held_out:
        held = held_ids(data.held_out, corpus.findings, knowledge)
        corpus = WithoutConcepts(corpus, held, knowledge, data.report_policy == "report")
        knowledge = knowledge.without(held)
    if len(corpus) < config.train.batch_size:
        raise CorpusError(
            f"The split '{data.train_split}' of {data.corpus} has {len(corpus)} studies, fewer than one batch of "
            f"{config.train.batch_size}: lower train.batch_size or check data.options."
        )
    shown = partial(augment, seed=config.seed, flip=data.flip) if data.augment else None
    write = text_writer(data, corpus, config.seed, knowledge, normal_texts(held))
    return TrainingData(corpus, corpus.records, tuple(corpus.findings), write, shown, knowledge, held)


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


def _sentences(study: Study, epoch: int, **settings: Any) -> str:
    return write_report(study, epoch=epoch, **settings)


def _progress(label: str) -> Callable[[Iterator[int], int], Iterator[int]]:
    from tqdm.auto import tqdm

    return lambda steps, total: iter(tqdm(steps, total=total, desc=label))

"""The only place DataLoaders are built: training drops the last batch, evaluation never.

Items are addressed by (epoch, index), so that text, augmentation and order are functions of
(seed, epoch, index) alone: a resumed run sees exactly what an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from radz.storage import content_hash
from radz.types import BatchProcessor, BatchRows, ImageBatch, PairBatch, Pixels, Presence, Study, TextBatch

Key = tuple[int, int]
"""(epoch, index) of an item."""
WriteText = Callable[[Study, int], str]
"""(study, epoch) -> the text that goes with the study in that epoch."""
Augment = Callable[[Pixels, int, int], Pixels]
"""(pixels, epoch, index) -> pixels."""
TowerStates = Callable[[int, int], Tensor]
"""(epoch, index) -> cached states of the frozen tower, (P, V)."""

Targets = Callable[[Sequence[Study], Sequence[str]], Tensor]
"""(B studies, C concepts) -> what a training aims at, (B, C), NaN where it is unknown."""

SECOND_VIEW = 1_000_003
"""A second view is that of an epoch this far ahead; a prime, so that no number of cached views divides it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One image and one text, or one of them; an image as pixels or tower states. ``second``: the same image in another
    augmentation."""

    study: Study
    text: str | None
    pixels: Pixels | None
    states: Tensor | None
    second: Pair | None = None

    @property
    def has_image(self) -> bool:
        """Whether there is an image."""
        return self.pixels is not None or self.states is not None


class PairDataset(Dataset[Pair]):
    """Studies of one split as pairs, addressed by (epoch, index)."""

    def __init__(
        self,
        corpus: Sequence[Study],
        records: Sequence[Study],
        write_text: WriteText,
        augment: Augment | None = None,
        tower_states: TowerStates | None = None,
        *,
        second_view: bool = False,
    ) -> None:
        self.corpus, self.records, self.write_text = corpus, records, write_text
        self.augment, self.tower_states, self.second_view = augment, tower_states, second_view

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, key: tuple[int, int]) -> Pair:
        epoch, index = key
        text = self.write_text(self.records[index], epoch)
        study = self.corpus[index] if self.tower_states is None else self.records[index]
        second = Pair(study, text, *self._view(study, epoch + SECOND_VIEW, index)) if self.second_view else None
        return Pair(study, text, *self._view(study, epoch, index), second)

    def _view(self, study: Study, epoch: int, index: int) -> tuple[Pixels | None, Tensor | None]:
        """One augmentation of an image: its pixels (1, h, w), or the tower's states of it (P, V)."""
        if self.tower_states is not None:
            return None, self.tower_states(epoch, index)
        assert study.pixels is not None
        return study.pixels if self.augment is None else self.augment(study.pixels, epoch, index), None


class PairSampler(Sampler[list[tuple[int, int]]]):
    """Shuffled batches of (epoch, index), all of one size; the remainder is dropped.

    within: metadata keys that the studies of a batch share, so that no batch can be solved by recognising sources
    apart. Remainders of groups that do not fill a batch are mixed.
    """

    def __init__(self, records: Sequence[Study], batch_size: int, within: Sequence[str] = (), seed: int = 0) -> None:
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        self.groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, study in enumerate(records):
            self.groups[tuple(study.metadata.get(key, "") for key in within)].append(index)

    def set_epoch(self, epoch: int) -> None:
        """Order and texts of the next pass."""
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(map(len, self.groups.values())) // self.batch_size

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        batches: list[list[int]] = []
        rest: list[int] = []
        for group in self.groups.values():
            shuffled = rng.permutation(group).tolist()
            whole = len(shuffled) - len(shuffled) % self.batch_size
            batches += _cut(shuffled[:whole], self.batch_size)
            rest += shuffled[whole:]
        rest = rng.permutation(rest).astype(int).tolist()
        batches += _cut(rest[: len(rest) - len(rest) % self.batch_size], self.batch_size)
        for b in rng.permutation(len(batches)):
            yield [(self.epoch, index) for index in batches[b]]


class SharedSampler(Sampler[list[Key]]):
    """Of each batch of all processes the rows of one: every ``count``-th, from ``rank`` on.

    Batches are drawn whole and then dealt out, so that what holds within a batch holds across processes.
    """

    def __init__(self, whole: PairSampler | Any, rank: int, count: int) -> None:
        self.whole, self.rank, self.count = whole, rank, count
        self.batch_size = whole.batch_size // count

    def set_epoch(self, epoch: int) -> None:
        """Order and texts of the next pass."""
        self.whole.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.whole)

    def __iter__(self) -> Iterator[list[Key]]:
        for batch in self.whole:
            yield batch[self.rank :: self.count]


@dataclass(frozen=True, slots=True)
class PairCollator:
    """Pairs, and rows of one modality, to a batch; each distinct text is encoded once.

    targets: what the labels are, by default ``label_matrix``.
    """

    processor: BatchProcessor
    concepts: tuple[str, ...]
    targets: Targets | None = None

    def __call__(self, pairs: Sequence[Pair]) -> PairBatch:
        """The batch of N pairs: F images, R reports and N studies."""
        with_image = [i for i, pair in enumerate(pairs) if pair.has_image]
        with_text = [(i, pair.text) for i, pair in enumerate(pairs) if pair.text is not None]
        second_views = [pair.second for pair in pairs if pair.second is not None]
        studies = [pair.study for pair in pairs]
        rows = BatchRows(
            labels=(self.targets or label_matrix)(studies, self.concepts),
            uncertain=uncertain_matrix(studies, self.concepts),
            images=torch.tensor(with_image),
            reports=torch.tensor([i for i, _ in with_text]),
            texts=torch.tensor([text_key(text) for _, text in with_text]),
        )
        return PairBatch(
            images=self._images([pairs[i] for i in with_image]),
            texts=self._texts([text for _, text in with_text]),
            rows=rows,
            second_view=self._images(second_views) if second_views else None,
        )

    def _images(self, pairs: Sequence[Pair]) -> ImageBatch:
        prompt = self.processor.image_prompt(len(pairs))
        states = [pair.states for pair in pairs if pair.states is not None]
        if states:
            return ImageBatch(prompt, torch.stack(states), encoded=True)
        return ImageBatch(prompt, self.processor.pixel_values([p.pixels for p in pairs if p.pixels is not None]))

    def _texts(self, reports: Sequence[str]) -> TextBatch:
        distinct = list(dict.fromkeys(reports))
        row = {text: i for i, text in enumerate(distinct)}
        return TextBatch(self.processor.text_prompt(distinct), torch.tensor([row[text] for text in reports]))


def text_key(text: str) -> int:
    """64 bits of a hash: equal for equal texts in every process."""
    return int.from_bytes(bytes.fromhex(content_hash(text)[:16]), "big", signed=True)


def label_matrix(studies: Sequence[Study], concepts: Sequence[str]) -> Tensor:
    """(B, C) float32: 1 present, 0 absent, NaN uncertain or unlabelled."""
    value = {Presence.PRESENT: 1.0, Presence.ABSENT: 0.0}
    rows = [[value.get(study.presence(concept), float("nan")) for concept in concepts] for study in studies]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(studies), len(concepts))


def uncertain_matrix(studies: Sequence[Study], concepts: Sequence[str]) -> Tensor:
    """(B, C) bool: which of the labels are uncertain."""
    rows = [[study.presence(concept) is Presence.UNCERTAIN for concept in concepts] for study in studies]
    return torch.tensor(rows, dtype=torch.bool).reshape(len(studies), len(concepts))


def train_loader(
    dataset: Dataset[Pair], sampler: Sampler[list[Key]], collator: PairCollator, workers: int = 0
) -> DataLoader[Any]:
    """Batches of one size, in the sampler's order."""
    return DataLoader(dataset, batch_sampler=sampler, collate_fn=collator, num_workers=workers)


class StepSampler(Sampler[list[Key]]):
    """The batches of the optimiser steps ``first`` to ``last`` of a run, pass after pass; those before are skipped."""

    def __init__(self, batches: Any, first: int, last: int) -> None:
        """batches: a batch sampler whose order is a function of the epoch that it is set to."""
        self.batches, self.first, self.last = batches, first, last

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[list[Key]]:
        per_epoch = len(self.batches)
        for epoch in range(self.first // per_epoch, -(-self.last // per_epoch)):
            self.batches.set_epoch(epoch)
            for step, batch in enumerate(self.batches, epoch * per_epoch):
                if self.first <= step < self.last:
                    yield batch


def steps(loader: DataLoader[Any], first: int, last: int) -> DataLoader[Any]:
    """The batches of ``loader`` for the optimiser steps ``first`` to ``last``, over as many passes as they take."""
    sampler = StepSampler(loader.batch_sampler, first, last)
    return DataLoader(
        loader.dataset, batch_sampler=sampler, collate_fn=loader.collate_fn, num_workers=loader.num_workers
    )


def _cut(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]

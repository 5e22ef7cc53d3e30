"""Rows of one modality that go with the pairs of a batch: images without a report, reports without an image.

Images train the consistency of two views; labels that their corpus has are not read. Reports are labelled by the report
labeler for the knowledge loss. An archive is read in passes, each in another order: the rows that go with a batch
depend on (seed, number of the batch) alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset, Sampler

from radz.data.loader import Key, Pair, PairDataset, PairSampler
from radz.data.tables import column_of, read_table, require_columns
from radz.data.views.held_out import ReportCutter
from radz.errors import ConfigError, CorpusError
from radz.knowledge import KnowledgeBase
from radz.text.labeler import label_reports
from radz.text.sections import read_sections
from radz.types import Study


def read_reports(
    table: Path, column: str, where: Mapping[str, object], language: str, held: frozenset[str] = frozenset()
) -> tuple[Study, ...]:
    """Reports of a table as studies without an image, labelled by the labeler; only findings and impression are kept.

    where: column -> value or values of the rows to take. held: concepts that are held out; sentences about them are
    cut, and a report that may affirm one is left out. Empty reports are left out. Raises CorpusError if no report is
    left, ConfigError for concepts held out of reports that are not English.
    """
    if held and language != "en":
        raise ConfigError(
            f"data.held_out can be cut out of English reports only, and "
            f"data.unlabelled.texts.language is '{language}'. "
            "Leave one of them out."
        )
    texts = [read_sections(text).described for text in _cells(table, column, where)]
    if held:
        cut = ReportCutter(held, KnowledgeBase.load())
        texts = [cut(text) or "" for text in texts]
    reports = [text for text in texts if text.strip()]
    if not reports:
        raise CorpusError(f"{table}: no report is left in column '{column}'. Check data.unlabelled.texts.where.")
    labelled = zip(reports, label_reports(reports, language), strict=True)
    return tuple(Study(f"report-{i}", "", report=text, labels=labels) for i, (text, labels) in enumerate(labelled))


class ReportDataset(Dataset[Pair]):
    """Reports as rows without an image, addressed by (epoch, index)."""

    def __init__(self, records: Sequence[Study]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, key: Key) -> Pair:
        study = self.records[key[1]]
        return Pair(study, study.report, None, None)


class ImageDataset(Dataset[Pair]):
    """The images of a dataset of pairs, in two views each, without text and labels."""

    def __init__(self, pairs: PairDataset) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: Key) -> Pair:
        pair = self.pairs[key]
        return replace(pair, study=replace(pair.study, labels={}), text=None)


@dataclass(frozen=True, slots=True)
class Archive:
    """Rows of one modality; ``per_batch`` of them go with each batch."""

    dataset: Any
    per_batch: int

    def rows(self, number: int, seed: int) -> Iterator[int]:
        """Indices of the rows that go with batch ``number`` of the run, from 0."""
        for position in range(number * self.per_batch, (number + 1) * self.per_batch):
            yield _order(len(self.dataset), position // len(self.dataset), seed)[position % len(self.dataset)]


class MixedDataset(Dataset[Pair]):
    """Pairs, then the rows of each archive, under one running index."""

    def __init__(self, pairs: PairDataset, archives: Sequence[Archive]) -> None:
        self.parts = [pairs, *(archive.dataset for archive in archives)]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, key: Key) -> Pair:
        epoch, index = key
        for part in self.parts:
            if index < len(part):
                pair: Pair = part[epoch, index]
                return pair
            index -= len(part)
        raise IndexError(key[1])


class MixedSampler(Sampler[list[Key]]):
    """Batches of pairs, each followed by its rows of every archive."""

    def __init__(self, pairs: PairSampler, count: int, archives: Sequence[Archive], seed: int = 0) -> None:
        """count: number of pairs in the dataset, where the archives' indices begin."""
        self.pairs, self.archives, self.seed = pairs, archives, seed
        self.batch_size = pairs.batch_size
        sizes = [len(archive.dataset) for archive in archives]
        self.offsets = [count + sum(sizes[:i]) for i in range(len(sizes))]

    def set_epoch(self, epoch: int) -> None:
        """Order and texts of the next pass over the pairs."""
        self.pairs.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[list[Key]]:
        epoch = self.pairs.epoch
        for number, batch in enumerate(self.pairs, epoch * len(self)):
            further = [
                (epoch, offset + row)
                for offset, archive in zip(self.offsets, self.archives, strict=True)
                for row in archive.rows(number, self.seed)
            ]
            yield batch + further


@lru_cache(maxsize=4)
def _order(size: int, turn: int, seed: int) -> list[int]:
    """Rows in the order of one pass over an archive."""
    order: list[int] = np.random.default_rng((seed, turn, size)).permutation(size).tolist()
    return order


def _cells(path: Path, column: str, where: Mapping[str, object]) -> Sequence[str]:
    table = read_table(path)
    wanted = {"the reports": column} | {f"where.{name}": name for name in where}
    require_columns(table, wanted, f"{path} (data.unlabelled.texts)")
    for name, values in where.items():
        allowed = {str(value) for value in (values if isinstance(values, list | tuple) else [values])}
        table = table[table[name].isin(allowed)]
    return column_of(table, column)

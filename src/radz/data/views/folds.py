"""Patient-grouped folds: cross-validation over the studies that are not in a test split.

The patients of the train and val splits are dealt into n folds. Fold k is the new ``val``, the other folds are the new
``train``. The test split stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from radz import registry
from radz.config import DataConfig
from radz.data.options import require_options
from radz.data.splits import hash_fraction
from radz.data.studies import Studies
from radz.errors import ConfigError, UnknownNameError
from radz.types import Study

POOL = ("train", "val")


@dataclass(frozen=True, slots=True)
class Fold:
    """Fold ``number`` (1 to ``count``) of a deal of patients that depends on ``seed`` alone."""

    number: int
    count: int
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.number}/{self.count}" + (f"@{self.seed}" if self.seed else "")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1/3``, the first of three, or ``1/3@7``, of deal 7. Raises ConfigError for anything else."""
        match = re.fullmatch(r"(\d+)/(\d+)(?:@(\d+))?", text.strip())
        number, count, seed = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
        if count < 2 or not 1 <= number <= count:
            raise ConfigError(
                f"A fold is written k/n, the k-th of n, with n at least 2: 1/3, 2/3 or 3/3; 1/3@7 is of deal 7. "
                f"Got '{text}'."
            )
        return cls(number, count, seed)

    def deal(self, patients: set[str]) -> frozenset[str]:
        """The patients of this fold. The folds of a deal differ in size by one patient at most."""
        order = sorted(patients, key=lambda patient: (hash_fraction(patient, f"fold {self.seed}"), patient))
        return frozenset(order[self.number - 1 :: self.count])


class FoldedCorpus(Studies):
    """``train`` or ``val`` of a corpus under a fold. An index reads its image."""

    splits = POOL

    def __init__(self, corpus: Any, fold: Fold, split: str) -> None:
        """corpus: opened with all its splits; studies in neither train nor val are left out.

        Raises UnknownNameError for another split, ConfigError if train and val are empty.
        """
        if split not in POOL:
            raise UnknownNameError("split under a fold", split, (*POOL, "test"))
        pool = {study.patient_id for study in corpus.records if study.split in POOL}
        if not pool:
            raise ConfigError(
                "The corpus has neither a train nor a val split, so there is nothing to deal into folds. "
                "Leave data.fold out."
            )
        here = fold.deal(pool)
        rows = [i for i, study in enumerate(corpus.records) if study.split in POOL]
        self.rows = [i for i in rows if (corpus.records[i].patient_id in here) == (split == "val")]
        self.corpus, self.split, self.findings, self.policies = corpus, split, corpus.findings, corpus.policies
        self.records = tuple(replace(corpus.records[i], split=split) for i in self.rows)

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        study: Study = self.corpus[self.rows[index]]
        return replace(study, split=self.split)


def open_corpus(
    name: str, root: Path | str, split: str | None, options: Mapping[str, Any], fold: Fold | None = None
) -> Any:
    """One split of the corpus plug-in ``name``; under a ``fold``, ``train`` and ``val`` are those of the fold.

    split: ``None`` for all, without a fold. Raises UnknownNameError and ConfigError for options that the corpus does
    not take; CorpusError, UnknownNameError and LeakageError as the plug-in and FoldedCorpus do.
    """
    plugin = registry.load("corpora", name)
    require_options(plugin, name, options)
    if fold is None or split == "test":
        return plugin(root, split=split, **options)
    return FoldedCorpus(plugin(root, split=None, **options), fold, str(split))


def fold_of(data: DataConfig) -> Fold | None:
    """The fold of the configuration, ``None`` if it has none. Raises ConfigError if it is malformed."""
    return None if data.fold is None else Fold.parse(data.fold)

"""Patient-grouped folds: cross-validation over what is not a test split.

The train and val splits are one pool, its patients are dealt into n folds, and fold k is the new ``val``. A test split
stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from radz import registry
from radz.config import DataConfig
from radz.data._studies import Studies
from radz.data.splits import hash_fraction
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
        return f"{self.number}/{self.count}" + (f" of deal {self.seed}" if self.seed else "")

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Self:
        """Read ``1/3``, the first of three. Raises ConfigError for anything else."""
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        number, count = map(int, found.groups()) if found else (0, 0)
        if count < 2 or not 1 <= number <= count:
            raise ConfigError(
                f"A fold is written k/n, the k-th of n, with n at least 2: 1/3, 2/3 or 3/3. Got '{text}'."
            )
        return cls(number, count, seed)

    def deal(self, patients: set[str]) -> frozenset[str]:
        """The patients of this fold. The folds of a deal differ in size by one patient at most."""
        order = sorted(patients, key=lambda patient: (hash_fraction(patient, f"fold {self.seed}"), patient))
        return frozenset(order[self.number - 1 :: self.count])


class FoldedCorpus(Studies):
    """One split of a corpus under a fold: ``train`` or ``val``. An index reads its image."""

    def __init__(self, corpora: Sequence[Any], fold: Fold, split: str) -> None:
        """corpora: the splits of the pool. Raises UnknownNameError for a split other than train and val."""
        if split not in POOL:
            raise UnknownNameError("split under a fold", split, POOL)
        here = fold.deal({study.patient_id for corpus in corpora for study in corpus.records})
        taken = [
            (corpus, i)
            for corpus in corpora
            for i, study in enumerate(corpus.records)
            if (study.patient_id in here) == (split == "val")
        ]
        self.splits, self.split, self.findings, self._taken = POOL, split, tuple(corpora[0].findings), taken
        self.corpus = corpora[0]  # whose views it holds
        self.policies = self.corpus.policies
        self.records = tuple(replace(corpus.records[i], split=split) for corpus, i in taken)

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        corpus, i = self._taken[index]
        study: Study = corpus[i]
        return replace(study, split=self.split)


def open_corpus(name: str, root: Any, split: str, options: Mapping[str, Any], fold: Fold | None = None) -> Any:
    """One split of the corpus plug-in ``name``; under a ``fold``, ``train`` and ``val`` are its own.

    Raises CorpusError, UnknownNameError and LeakageError, as the plug-in does.
    """
    corpus = registry.load("corpora", name)
    if fold is None or split == "test":
        return corpus(root, split=split, **options)
    if split not in POOL:
        raise UnknownNameError("split under a fold", split, (*POOL, "test"))
    whole = corpus(root, split=None, **options)
    pool = [corpus(root, split=each, **options) for each in POOL if each in whole.splits]
    if not pool:
        raise ConfigError(f"{name} has neither a train nor a val split, so there is nothing to deal into folds.")
    return FoldedCorpus(pool, fold, split)


def fold_of(data: DataConfig) -> Fold | None:
    """The fold that the configuration names. Raises ConfigError where it is none."""
    return None if data.fold is None else Fold.parse(data.fold, data.fold_seed)

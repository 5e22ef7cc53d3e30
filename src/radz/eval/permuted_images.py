"""A corpus whose films are taken away or exchanged between patients, labels and metadata left as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.eval.scoring import Corpus, stratum
from radz.types import Study

BLANK, SHUFFLED, WITHIN = "blank", "shuffled", "shuffled in stratum"
SIDE = 224


@dataclass
class ControlCorpus:
    """Studies of a corpus, their films replaced: study i keeps labels and metadata and gets the film of ``donors[i]``.

    rows: which studies of the corpus they are. donors: rows of the corpus, or ``None`` for empty films. findings,
    records: as of a corpus.
    """

    corpus: Corpus
    rows: Sequence[int]
    donors: Sequence[int] | None
    findings: Sequence[str] = field(init=False)
    records: Sequence[Study] = field(init=False)

    def __post_init__(self) -> None:
        self.findings, self.records = self.corpus.findings, [self.corpus.records[row] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Study:
        record = self.records[index]
        if self.donors is None:
            return replace(record, pixels=np.zeros((1, SIDE, SIDE), dtype=np.float32))
        return replace(record, pixels=self.corpus[self.donors[index]].pixels)


def control_corpora(
    corpus: Corpus, studies: Collection[str], strata: Sequence[str], seed: int = 0
) -> dict[str, ControlCorpus]:
    """The three film controls over the studies that were scored. Deterministic by ``seed``.

    Raises ScoresError where one patient has half of the studies or more, so that films cannot be exchanged.
    """
    rows = [i for i, record in enumerate(corpus.records) if record.study_id in studies]
    patients = [corpus.records[row].patient_id for row in rows]
    anyone = permute_images(patients, [""] * len(rows), seed)
    alike = permute_images(patients, [stratum(corpus.records[row], strata) for row in rows], seed)
    return {
        BLANK: ControlCorpus(corpus, rows, None),
        SHUFFLED: ControlCorpus(corpus, rows, [rows[i] for i in anyone]),
        WITHIN: ControlCorpus(corpus, rows, [rows[i] for i in alike]),
    }


def permute_images(patients: Sequence[str], strata: Sequence[str], seed: int) -> NDArray[np.intp]:
    """For each study another study (N,), of another patient and the same stratum, each taken once within its stratum.

    In a stratum where one patient has half of the studies or more, studies are exchanged over all strata instead.
    Raises ScoresError where that is no way out.
    """
    names = np.asarray(patients)
    donors = np.full(len(names), -1)
    for name in sorted(set(strata)):
        rows = np.flatnonzero(np.asarray(strata) == name)
        donors[rows] = rows[_shifted(names[rows], seed)] if _mixable(names[rows]) else -1
    if (donors >= 0).all():
        return donors
    if not _mixable(names):
        raise ScoresError(
            f"Films of {len(names)} studies of {len(set(patients))} patients cannot be exchanged between patients: one "
            "of them has half of the films or more."
        )
    return np.where(donors >= 0, donors, _shifted(names, seed))


def _mixable(patients: NDArray[np.str_]) -> bool:
    return len(patients) > 0 and 2 * int(np.unique(patients, return_counts=True)[1].max()) <= len(patients)


def _shifted(patients: NDArray[np.str_], seed: int) -> NDArray[np.intp]:
    """Another patient's study for each: patients and their studies in random order, then moved on by the most that one
    has.
    """
    names, code, counts = np.unique(patients, return_inverse=True, return_counts=True)
    rng = np.random.default_rng(seed)
    place, within = rng.permutation(len(names)), rng.permutation(len(patients))
    order = np.lexsort((within, place[code]))  # were a patient's own order kept, its first film would be a first film
    donors = np.empty(len(patients), dtype=np.intp)
    donors[order] = np.roll(order, -int(counts.max()))
    return donors

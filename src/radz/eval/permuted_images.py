"""Images taken away or permuted between patients, while labels and metadata stay, for the shortcut controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.eval.entry import Corpus
from radz.eval.scoring import stratum
from radz.types import Pixels, Study

BLANK, SHUFFLED, WITHIN = "blank", "shuffled", "shuffled in stratum"
SIDE = 224


@dataclass
class PermutedImages:
    """Studies of a corpus with other images: study i keeps labels and metadata and shows the image of ``donors[i]``.

    rows: which studies of the corpus they are. donors: rows of the corpus, or ``None`` for blank images. findings,
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
            return replace(record, pixels=blank_image())
        return replace(record, pixels=self.corpus[self.donors[index]].pixels)


def blank_image() -> Pixels:
    """An image without content: zeros, (1, h, w)."""
    return np.zeros((1, SIDE, SIDE), dtype=np.float32)


def image_donors(records: Sequence[Study], strata: Sequence[str], seed: int = 0) -> dict[str, NDArray[np.intp] | None]:
    """Control -> for each of N studies the study whose image it shows, (N,), or ``None`` for blank images.

    Deterministic by ``seed``. Raises ScoresError if one patient has half of the studies or more, so that images
    cannot be permuted between patients.
    """
    patients = [record.patient_id for record in records]
    return {
        BLANK: None,
        SHUFFLED: permute_images(patients, [""] * len(records), seed),
        WITHIN: permute_images(patients, [stratum(record, strata) for record in records], seed),
    }


def permute_images(patients: Sequence[str], strata: Sequence[str], seed: int) -> NDArray[np.intp]:
    """For each study another study (N,), of another patient and the same stratum, each taken once within its stratum.

    In a stratum where one patient has half of the studies or more, studies are permuted over all strata instead.
    Raises ScoresError if one patient has half of all studies or more.
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
            f"Images of {len(names)} studies of {len(set(patients))} patients cannot be permuted between patients: one "
            "of them has half of the images or more. Evaluate more patients, or leave the controls out."
        )
    return np.where(donors >= 0, donors, _shifted(names, seed))


def _mixable(patients: NDArray[np.str_]) -> bool:
    """Whether no patient has more than half of the studies; patients: (N,)."""
    return len(patients) > 0 and 2 * int(np.unique(patients, return_counts=True)[1].max()) <= len(patients)


def _shifted(patients: NDArray[np.str_], seed: int) -> NDArray[np.intp]:
    """Another patient's study for each of N studies, (N,): random order by patient, shifted by the largest patient."""
    names, code, counts = np.unique(patients, return_inverse=True, return_counts=True)
    rng = np.random.default_rng(seed)
    place, within = rng.permutation(len(names)), rng.permutation(len(patients))
    order = np.lexsort((within, place[code]))  # random within a patient, so that first images do not go to first images
    donors = np.empty(len(patients), dtype=np.intp)
    donors[order] = np.roll(order, -int(counts.max()))
    return donors

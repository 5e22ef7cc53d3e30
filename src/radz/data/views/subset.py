"""Parts of a corpus: some of its rows, or few patients, to measure how much data the method needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from radz.data.splits import hash_fraction
from radz.data.studies import Studies
from radz.types import Study


class Subset(Studies):
    """The studies of a corpus in ``rows``, in their order. An index reads its image."""

    def __init__(self, corpus: Any, rows: Sequence[int]) -> None:
        self.corpus, self.findings, self.policies = corpus, tuple(corpus.findings), corpus.policies
        self.rows = list(rows)
        self.records = tuple(corpus.records[i] for i in self.rows)

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        study: Study = self.corpus[self.rows[index]]
        return study


class Limited(Subset):
    """At most ``limit`` images of a corpus, and all images of each patient that is taken. An index reads its image.

    Patients are taken in an order that depends on ``seed`` alone, until the next one's images would exceed the limit.
    Of two limits the smaller gives a subset of the larger.
    """

    def __init__(self, corpus: Any, limit: int, seed: int = 0) -> None:
        counts = Counter(study.patient_id for study in corpus.records)
        order = sorted(counts, key=lambda patient: (hash_fraction(patient, f"limit {seed}"), patient))
        totals = accumulate(counts[patient] for patient in order)
        taken = {patient for patient, total in zip(order, totals, strict=True) if total <= limit}
        super().__init__(corpus, [i for i, study in enumerate(corpus.records) if study.patient_id in taken])

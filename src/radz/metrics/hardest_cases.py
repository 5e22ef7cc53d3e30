"""The studies that a model gets most wrong, for a person to review."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import UncertainPolicy, as_matrix
from radz.metrics.scores_file import ScoresTable


@dataclass(frozen=True, slots=True)
class HardestCase:
    """One study and finding. missed: the finding is present and scored low; otherwise it is absent and scored high.

    worse_than: share of the studies with the other label that score on the wrong side of this one, in [0, 1].
    """

    study: str
    concept: str
    missed: bool
    score: float
    worse_than: float


def hardest_cases(
    table: ScoresTable, concepts: Collection[str], count: int, uncertain: UncertainPolicy = "ignore"
) -> tuple[HardestCase, ...]:
    """The ``count`` lowest positives, then the ``count`` highest negatives of each of ``concepts``, worst first."""
    matrix = as_matrix(table, uncertain)
    cases: list[HardestCase] = []
    for column, concept in enumerate(matrix.concepts):
        if concept in concepts:
            scores, labels = matrix.scores[:, column], matrix.labels[:, column]
            for missed in (True, False):
                worst = _worst(scores, labels, missed, count)
                cases += [HardestCase(str(matrix.studies[i]), concept, missed, *values) for i, *values in worst]
    return tuple(cases)


def _worst(scores: Floats, labels: Floats, missed: bool, count: int) -> Iterator[tuple[int, float, float]]:
    """Row, score and ``worse_than`` of the worst of scores (N,), labels (N,); ties in the order of study ids."""
    sign = 1 if missed else -1
    same, other = (np.flatnonzero((labels == label) & ~np.isnan(scores)) for label in (int(missed), int(not missed)))
    wrong = sign * scores
    for i in same[np.argsort(wrong[same], kind="stable")][:count]:
        share = float((wrong[other] > wrong[i]).mean()) if len(other) else float("nan")
        yield int(i), float(scores[i]), share

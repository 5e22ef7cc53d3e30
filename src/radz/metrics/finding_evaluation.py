"""Every metric of one finding, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from radz.metrics.bootstrap import Seed
from radz.metrics.delong import delong_interval
from radz.metrics.evaluation import FindingEvaluation, ThresholdSource, UncertainEvaluation
from radz.metrics.finding_ranks import METRICS, FindingRanks, estimates, stacked, why_left_out
from radz.metrics.operating_points import operating_points, rates_at
from radz.metrics.ranking import Floats, Ranking
from radz.metrics.score_matrix import ScoreMatrix

ThresholdsBySource = Mapping[ThresholdSource, Mapping[str, float]]
"""Where thresholds come from -> concept -> threshold."""


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """How findings are evaluated. separate: uncertain labels are a class of their own."""

    draws: int
    seed: int
    min_positives: int
    separate: bool = False

    def seed_of(self, name: str) -> Seed:
        """Seed of one finding or group, so that its draws do not depend on which others are evaluated."""
        return self.seed, crc32(name.encode())


def evaluate_finding(
    matrix: ScoreMatrix, ranks: FindingRanks, thresholds: ThresholdsBySource, options: SummaryOptions
) -> FindingEvaluation:
    """Evaluate the finding of ``ranks``, which are those of one column of ``matrix``."""
    column = matrix.concepts.index(ranks.concept)
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    cuts = {source: values[ranks.concept] for source, values in thresholds.items() if ranks.concept in values}
    statistic = stacked([ranks.metrics, *(rates_at(scores, labels, cut) for cut in cuts.values())])
    metrics = estimates(statistic, matrix.patients, ranks.positive, options.draws, options.seed_of(ranks.concept))
    scored = len(ranks.pooled.positives) + ranks.pooled.negatives
    return FindingEvaluation(
        concept=ranks.concept,
        positives=len(ranks.pooled.positives),
        negatives=ranks.pooled.negatives,
        comparable=ranks.within.comparable,
        comparable_abnormal=ranks.abnormal.comparable,
        negatives_abnormal=ranks.abnormal.negatives,
        unscored=int(ranks.known.sum()) - scored,
        **dict(zip(METRICS, metrics[: len(METRICS)], strict=True)),
        left_out=why_left_out(ranks, options.min_positives),
        delong=delong_interval(scores, labels, matrix.patients),
        operating=operating_points(
            [(source, cut, (ranks.concept,)) for source, cut in cuts.items()], metrics[len(METRICS) :]
        ),
        uncertain=_evaluate_uncertain(matrix, column, options) if options.separate else None,
    )


def _evaluate_uncertain(matrix: ScoreMatrix, column: int, options: SummaryOptions) -> UncertainEvaluation | None:
    """Uncertain studies against absent and against present ones; ``None`` if no study is uncertain."""
    assert matrix.uncertain is not None
    unsure, labels, scores = matrix.uncertain[:, column], matrix.labels[:, column], matrix.scores[:, column]
    if not unsure.any():
        return None
    against_absent = np.where(unsure, 1.0, np.where(labels == 0, 0.0, np.nan))
    below_present = np.where(unsure, 0.0, np.where(labels == 1, 1.0, np.nan))
    rankings = [Ranking.of(scores, y, matrix.strata) for y in (against_absent, below_present)]

    def statistic(weights: Floats) -> Floats:
        """Weights (N, R) -> both AUROCs (2, R)."""
        return np.stack([ranking.auroc(weights) for ranking in rankings])

    seed = options.seed_of(f"uncertain {matrix.concepts[column]}")
    aurocs = estimates(statistic, matrix.patients, unsure, options.draws, seed)
    return UncertainEvaluation(int(unsure.sum()), *aurocs)

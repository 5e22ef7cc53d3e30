"""Findings ranked once, their metrics as statistics of study weights, and bootstrap estimates of these statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.metrics.bootstrap import Seed, Statistic, bootstrap, percentile_interval
from radz.metrics.evaluation import Estimate
from radz.metrics.ranking import Floats, Ranking
from radz.metrics.score_matrix import ScoreMatrix

METRICS = ("auroc_within", "auroc_abnormal", "auroc_pooled", "average_precision")
"""W: AUROC within strata. A: the same, but only with negatives that show another finding, so that a score gains nothing
from telling normal from abnormal. Then the AUROC and the average precision of all studies pooled."""


WITHIN, ABNORMAL, POOLED = range(3)
"""Rows of METRICS."""


@dataclass(frozen=True, slots=True, eq=False)
class FindingRanks:
    """One finding, ranked within strata and over all studies. known, positive: (N,) bool.

    abnormal: within strata, with only those negatives that show another finding.
    """

    concept: str
    known: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    within: Ranking
    abnormal: Ranking
    pooled: Ranking

    def metrics(self, weights: Floats) -> Floats:
        """Study weights (N, R) -> METRICS (4, R)."""
        return np.stack(
            [
                self.within.auroc(weights),
                self.abnormal.auroc(weights),
                self.pooled.auroc(weights),
                self.pooled.average_precision(weights),
            ]
        )


def rank_finding(matrix: ScoreMatrix, column: int) -> FindingRanks:
    """Rank the finding in ``column`` of scores (N, C)."""
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    return FindingRanks(
        concept=matrix.concepts[column],
        known=~np.isnan(labels),
        positive=labels == 1,
        within=Ranking.of(scores, labels, matrix.strata),
        abnormal=Ranking.of(scores, abnormal_labels(labels, matrix.abnormal), matrix.strata),
        pooled=Ranking.of(scores, labels),
    )


def abnormal_labels(labels: Floats, abnormal: NDArray[np.bool_]) -> Floats:
    """Labels (N,) of one finding in {1, 0, NaN}, with NaN for negatives of studies that are not ``abnormal`` (N,).

    An abnormal study shows any finding. A negative of this finding that is abnormal therefore shows another one.
    """
    return np.where((labels == 0) & ~abnormal, np.nan, labels)


def rank_all(matrix: ScoreMatrix) -> list[FindingRanks]:
    """Rank every finding, in the order of the matrix."""
    return [rank_finding(matrix, j) for j in range(len(matrix.concepts))]


def included(ranks: Sequence[FindingRanks], min_positives: int) -> list[FindingRanks]:
    """Findings that the macro average includes: those with enough comparable positives."""
    return [finding for finding in ranks if not why_left_out(finding, min_positives)]


def why_left_out(ranks: FindingRanks, min_positives: int) -> str:
    """Why the macro average excludes the finding; empty if it includes it."""
    if ranks.within.comparable >= max(min_positives, 1):
        return ""
    total = len(ranks.pooled.positives)
    return f"{ranks.within.comparable} of {total} positives share a stratum with a negative, fewer than {min_positives}"


def included_abnormal(ranks: Sequence[FindingRanks], min_positives: int) -> list[FindingRanks]:
    """Findings with enough positives that share a stratum with an abnormal negative: those that A is averaged over."""
    return [finding for finding in ranks if finding.abnormal.comparable >= max(min_positives, 1)]


def any_positive(studies: int, findings: Sequence[FindingRanks]) -> NDArray[np.bool_]:
    """Which of ``studies`` studies show any of the findings, (N,) bool."""
    masks = [finding.positive for finding in findings]
    return np.any(masks, axis=0) if masks else np.zeros(studies, dtype=bool)


def macro(findings: Sequence[FindingRanks], min_positives: int) -> Statistic:
    """Weights (N, R) -> mean of METRICS over findings (4, R); NaN in a draw where any finding is undefined.

    ``auroc_abnormal`` is the mean over those of ``findings`` that ``included_abnormal`` chooses.
    """
    return lambda weights: macro_and_findings(findings, min_positives)(weights)[: len(METRICS)]


def macro_and_findings(findings: Sequence[FindingRanks], min_positives: int) -> Statistic:
    """Weights (N, R) -> ``macro``, then W of each of the F findings, then A of each: (4 + 2 F, R)."""
    averaged = included_abnormal(findings, min_positives)
    counts_for_abnormal = [finding in averaged for finding in findings]

    def statistic(weights: Floats) -> Floats:
        """Weights (N, R) -> (4 + 2 F, R)."""
        if not findings:
            return np.full((len(METRICS), weights.shape[1]), np.nan)
        values = np.stack([finding.metrics(weights) for finding in findings])  # (F, 4, R)
        means = values.mean(axis=0)
        abnormal = values[counts_for_abnormal, ABNORMAL]
        means[ABNORMAL] = abnormal.mean(axis=0) if averaged else np.nan
        return np.concatenate([means, values[:, WITHIN], values[:, ABNORMAL]])

    return statistic


def stacked(parts: Sequence[Statistic]) -> Statistic:
    """One statistic from several: weights (N, R) -> their rows, concatenated, (M, R)."""
    return lambda weights: np.concatenate([part(weights) for part in parts])


def estimates(
    statistic: Statistic, patients: NDArray[np.str_], positive: NDArray[np.bool_], draws: int, seed: Seed
) -> list[Estimate]:
    """Each of the M rows of a statistic on all N studies, with its interval over draws of patients (N,)."""
    values = statistic(np.ones((len(patients), 1)))[:, 0]
    drawn = bootstrap(statistic, patients, positive, draws, seed)
    return [Estimate(float(value), percentile_interval(row)) for value, row in zip(values, drawn, strict=True)]

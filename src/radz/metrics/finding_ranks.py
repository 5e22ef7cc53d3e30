"""Findings ranked once, their metrics as statistics of study weights, and bootstrap estimates of these statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.metrics.bootstrap import Seed, Statistic, bootstrap, percentile_interval
from radz.metrics.evaluation import Estimate
from radz.metrics.ranking import Floats, Ranking
from radz.metrics.scores_file import ScoreMatrix

METRICS = ("auroc_within", "auroc_pooled", "average_precision")


@dataclass(frozen=True, slots=True)
class FindingRanks:
    """One finding, ranked within strata and over all studies. known, positive: (N,) bool."""

    concept: str
    known: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    within: Ranking
    pooled: Ranking

    def metrics(self, weights: Floats) -> Floats:
        """Study weights (N, R) -> METRICS (3, R)."""
        return np.stack(
            [self.within.auroc(weights), self.pooled.auroc(weights), self.pooled.average_precision(weights)]
        )


def rank_finding(matrix: ScoreMatrix, column: int) -> FindingRanks:
    """Rank the finding in ``column`` of scores (N, C)."""
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    return FindingRanks(
        concept=matrix.concepts[column],
        known=~np.isnan(labels),
        positive=labels == 1,
        within=Ranking.of(scores, labels, matrix.strata),
        pooled=Ranking.of(scores, labels),
    )


def rank_all(matrix: ScoreMatrix) -> list[FindingRanks]:
    """Rank every finding, in the order of the matrix."""
    return [rank_finding(matrix, j) for j in range(len(matrix.concepts))]


def included(ranks: Sequence[FindingRanks], min_positives: int) -> list[FindingRanks]:
    """Findings that the macro average includes."""
    return [finding for finding in ranks if not why_left_out(finding, min_positives)]


def why_left_out(ranks: FindingRanks, min_positives: int) -> str:
    """Why the macro average excludes the finding; empty where it includes it."""
    if ranks.within.comparable >= max(min_positives, 1):
        return ""
    total = len(ranks.pooled.positives)
    return f"{ranks.within.comparable} of {total} positives share a stratum with a negative, fewer than {min_positives}"


def any_positive(studies: int, findings: Sequence[FindingRanks]) -> NDArray[np.bool_]:
    """Which of ``studies`` studies show any of the findings, (N,) bool."""
    masks = [finding.positive for finding in findings]
    return np.any(masks, axis=0) if masks else np.zeros(studies, dtype=bool)


def macro(findings: Sequence[FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean of METRICS over findings (3, R); NaN in a draw where any finding is undefined."""
    return lambda weights: macro_and_within(findings)(weights)[: len(METRICS)]


def macro_and_within(findings: Sequence[FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean of METRICS over F findings, then the AUROC within strata of each: (3 + F, R)."""

    def statistic(weights: Floats) -> Floats:
        """Weights (N, R) -> (3 + F, R)."""
        if not findings:
            return np.full((len(METRICS), weights.shape[1]), np.nan)
        values = np.stack([finding.metrics(weights) for finding in findings])  # (F, 3, R)
        return np.concatenate([values.mean(axis=0), values[:, 0]])

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

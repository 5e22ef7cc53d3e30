"""What evaluations share: findings ranked once, metrics as statistics of study weights, and estimates of these."""

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
    """One finding of a matrix, ranked within strata and over all studies. known, positive: (N,)."""

    concept: str
    known: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    within: Ranking
    pooled: Ranking

    def metrics(self, weights: Floats) -> Floats:
        """Study weights (N, R) -> (3, R) in the order of METRICS."""
        return np.stack(
            [self.within.auroc(weights), self.pooled.auroc(weights), self.pooled.average_precision(weights)]
        )


def rank_finding(matrix: ScoreMatrix, column: int) -> FindingRanks:
    """The finding in ``column``."""
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    return FindingRanks(
        concept=matrix.concepts[column],
        known=~np.isnan(labels),
        positive=labels == 1,
        within=Ranking.of(scores, labels, matrix.strata),
        pooled=Ranking.of(scores, labels),
    )


def rank_all(matrix: ScoreMatrix) -> list[FindingRanks]:
    """Every finding, in the matrix's order."""
    return [rank_finding(matrix, j) for j in range(len(matrix.concepts))]


def included(ranks: Sequence[FindingRanks], min_positives: int) -> list[FindingRanks]:
    """Findings that a macro average takes."""
    return [finding for finding in ranks if not why_left_out(finding, min_positives)]


def why_left_out(ranks: FindingRanks, min_positives: int) -> str:
    """Why a macro average is without the finding; empty where it takes it."""
    if ranks.within.comparable >= max(min_positives, 1):
        return ""
    total = len(ranks.pooled.positives)
    return f"{ranks.within.comparable} of {total} positives share a stratum with a negative, fewer than {min_positives}"


def any_positive(studies: int, findings: Sequence[FindingRanks]) -> NDArray[np.bool_]:
    """Which of N studies show one of the findings, (N,)."""
    masks = [finding.positive for finding in findings]
    return np.any(masks, axis=0) if masks else np.zeros(studies, dtype=bool)


def macro(findings: Sequence[FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean over findings (3, R); a draw that leaves one undefined is undefined."""
    return lambda weights: macro_and_within(findings)(weights)[: len(METRICS)]


def macro_and_within(findings: Sequence[FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean over F findings, then each one's AUROC within strata: (3 + F, R)."""

    def statistic(weights: Floats) -> Floats:
        if not findings:
            return np.full((len(METRICS), weights.shape[1]), np.nan)
        values = np.stack([finding.metrics(weights) for finding in findings])  # (F, 3, R)
        return np.concatenate([values.mean(axis=0), values[:, 0]])

    return statistic


def stacked(parts: Sequence[Statistic]) -> Statistic:
    """Statistics one below the other, over the same weights."""
    return lambda weights: np.concatenate([part(weights) for part in parts])


def estimates(
    statistic: Statistic, patients: NDArray[np.str_], positive: NDArray[np.bool_], draws: int, seed: Seed
) -> list[Estimate]:
    """Each row of a statistic on all studies, with its interval over draws of patients."""
    values = statistic(np.ones((len(patients), 1)))[:, 0]
    drawn = bootstrap(statistic, patients, positive, draws, seed)
    return [Estimate(float(value), percentile_interval(row)) for value, row in zip(values, drawn, strict=True)]

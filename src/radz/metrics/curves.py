"""What a drawing of an evaluation needs beyond its numbers: ROC and precision-recall curves of each finding.

A curve is the very one whose area is the number beside it: the ROC curve within strata encloses the AUROC within
strata, and the steps of precision over recall add up to the average precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoreMatrix, ScoresTable, UncertainPolicy, as_matrix
from radz.types import NORMAL

POINTS = 200
"""A longer curve is thinned to so many points; areas are of the whole one."""
FALSE_POSITIVE_RATES = (0.05, 0.1, 0.2, 0.5)
RECALLS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in drawing order, x ascending, all in [0, 1]; none where undefined."""

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingCurves:
    """Curves of one finding. Counts are of studies with a label and a score.

    roc_within: mean over strata, each weighted by its positive-negative pairs. precision_recall: steps, the precision
    at a point holds back to the point before; pooled. sensitivities: of ``roc_within`` at ``FALSE_POSITIVE_RATES``.
    precisions: at ``RECALLS``. Both are read off these films, so a threshold that was chosen before does no better.
    """

    concept: str
    positives: int
    negatives: int
    comparable: int
    roc_within: Curve
    roc_pooled: Curve
    precision_recall: Curve
    sensitivities: tuple[float, ...]
    precisions: tuple[float, ...]

    @property
    def prevalence(self) -> float:
        """Share of positives: the precision of chance."""
        known = self.positives + self.negatives
        return self.positives / known if known else float("nan")


def finding_curves(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> dict[str, FindingCurves]:
    """Concept -> its curves, for each disease of the table."""
    matrix = as_matrix(table, uncertain)
    return {concept: _curves(matrix, j) for j, concept in enumerate(matrix.concepts) if concept != NORMAL}


def roc(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """False and true positive rates (n,), (n,) from (0, 0) to (1, 1), one point per distinct score.

    Scores (N,), labels (N,) in {1, 0}; empty where one class is absent.
    """
    positives, negatives = _cumulated(scores, labels)
    if positives[-1] == 0 or negatives[-1] == 0:
        return np.empty(0), np.empty(0)
    return negatives / negatives[-1], positives / positives[-1]


def roc_within(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike) -> tuple[Floats, Floats]:
    """ROC curve averaged over strata (N,) at equal false positive rate, weighted by positive-negative pairs.

    The area under it is the AUROC within strata, since that is the same average of areas. Empty where no stratum
    holds both classes.
    """
    x, y, s = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64), np.asarray(strata)
    parts = [(x[s == name], y[s == name]) for name in np.unique(s)]
    pairs = [(int((label == 1).sum()) * int((label == 0).sum()), roc(score, label)) for score, label in parts]
    pairs = [(count, curve) for count, curve in pairs if count]
    if not pairs:
        return np.empty(0), np.empty(0)
    at = np.unique(np.concatenate([curve[0] for _, curve in pairs]))
    total = sum(count for count, _ in pairs)
    low, high = (sum(count / total * _height(*curve, at, side) for count, curve in pairs) for side in ("low", "high"))
    return np.repeat(at, 2), np.stack([low, high], axis=1).ravel()


def precision_recall(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Recall and precision (n,), (n,) at each score of a positive, highest first, from recall 0.

    The precision of a point holds back to the point before. Empty where there is no positive or no negative.
    """
    positives, negatives = _cumulated(scores, labels)
    if positives[-1] == 0 or negatives[-1] == 0:
        return np.empty(0), np.empty(0)
    gained = np.flatnonzero(np.diff(positives) > 0) + 1
    precision = positives[gained] / (positives[gained] + negatives[gained])
    return np.append(0.0, positives[gained] / positives[-1]), np.append(precision[0], precision)


def _curves(matrix: ScoreMatrix, column: int) -> FindingCurves:
    known = ~np.isnan(matrix.scores[:, column]) & ~np.isnan(matrix.labels[:, column])
    scores, labels, strata = matrix.scores[known, column], matrix.labels[known, column], matrix.strata[known]
    within, steps = roc_within(scores, labels, strata), precision_recall(scores, labels)
    mixed = [name for name in np.unique(strata) if (labels[strata == name] == 0).any()]
    return FindingCurves(
        concept=matrix.concepts[column],
        positives=int((labels == 1).sum()),
        negatives=int((labels == 0).sum()),
        comparable=int((labels[np.isin(strata, mixed)] == 1).sum()),
        roc_within=_thinned(*within),
        roc_pooled=_thinned(*roc(scores, labels)),
        precision_recall=_thinned(*steps),
        sensitivities=tuple(_sensitivity(*within, rate) for rate in FALSE_POSITIVE_RATES),
        precisions=tuple(_precision(*steps, recall) for recall in RECALLS),
    )


def _cumulated(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Positives and negatives at or above each distinct score, highest first, after a leading 0."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    level = np.unique(-x, return_inverse=True)[1]
    counts = (np.bincount(level, weights=y == label) if len(x) else np.empty(0) for label in (1, 0))
    positives, negatives = (np.append(0.0, np.cumsum(count)) for count in counts)
    return positives, negatives


def _height(x: Floats, y: Floats, at: Floats, side: str) -> Floats:
    """Height of a curve of ascending x at ``at``: where it is vertical, its lower or its upper end."""
    places, first = np.unique(x, return_index=True)
    low, high = y[first], y[np.append(first[1:], len(x)) - 1]
    i = np.searchsorted(places, at, "right") - 1
    after = np.minimum(i + 1, len(places) - 1)
    share = np.divide(at - places[i], places[after] - places[i], out=np.zeros_like(at), where=after > i)
    end = np.where(at == places[i], low[i], high[i]) if side == "low" else high[i]
    height: Floats = np.where(share > 0, high[i] + share * (low[after] - high[i]), end)
    return height


def _sensitivity(x: Floats, y: Floats, rate: float) -> float:
    return float(_height(x, y, np.array([rate]), "high")[0]) if len(x) else float("nan")


def _precision(recall: Floats, precision: Floats, at: float) -> float:
    """At the first score that reaches a recall of ``at``."""
    reached = np.flatnonzero(recall >= at - 1e-12)
    return float(precision[reached[0]]) if len(recall) else float("nan")


def _thinned(x: Floats, y: Floats) -> Curve:
    kept = _corners(x, y)
    if len(kept) > POINTS:
        length = np.append(0.0, np.cumsum(np.hypot(np.diff(x[kept]), np.diff(y[kept]))))
        kept = kept[np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)).clip(max=len(kept) - 1))]
    return Curve(tuple(np.round(x[kept], 5).tolist()), tuple(np.round(y[kept], 5).tolist()))


def _corners(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Points that a straight line through their neighbours would miss, and both ends."""
    if len(x) < 3:
        return np.arange(len(x))
    dx, dy = np.diff(x), np.diff(y)
    bends = np.abs(dx[:-1] * dy[1:] - dx[1:] * dy[:-1]) > 1e-15
    return np.flatnonzero(np.concatenate([[True], bends, [True]]))

"""ROC and precision-recall curves of each finding.

The area under each curve equals the reported metric: the ROC curve within strata encloses the AUROC within strata, and
the steps of precision over recall add up to the average precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import ScoreMatrix, UncertainPolicy, as_matrix
from radz.metrics.scores_file import ScoresTable
from radz.types import NORMAL

POINTS = 200
"""Longer curves are thinned to this many points; areas are computed before."""
FALSE_POSITIVE_RATES = (0.05, 0.1, 0.2, 0.5)
RECALLS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in drawing order, x ascending, all in [0, 1]; empty if undefined."""

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingCurves:
    """Curves of one finding. Counts are of studies with a label and a score.

    roc_within: mean over strata, weighted by their positive-negative pairs. precision_recall: pooled, as steps; the
    precision of a point applies back to the point before. sensitivities: of ``roc_within`` at ``FALSE_POSITIVE_RATES``.
    precisions: at ``RECALLS``. Both are read off the evaluated studies, so they are optimistic for a threshold chosen
    elsewhere.
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
        """Share of positives, which is the precision of chance."""
        known = self.positives + self.negatives
        return self.positives / known if known else float("nan")


def finding_curves(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> dict[str, FindingCurves]:
    """Curves of each disease in the table, by concept."""
    matrix = as_matrix(table, uncertain)
    return {concept: _curves(matrix, j) for j, concept in enumerate(matrix.concepts) if concept != NORMAL}


def roc(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """False and true positive rates (n,), (n,) from (0, 0) to (1, 1), one point per distinct score.

    scores: (N,). labels: (N,) in {1, 0}. Empty where one class is absent.
    """
    positives, negatives = _cumulated(scores, labels)
    if positives[-1] == 0 or negatives[-1] == 0:
        return np.empty(0), np.empty(0)
    return negatives / negatives[-1], positives / positives[-1]


def roc_within(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike) -> tuple[Floats, Floats]:
    """ROC curve (n,), (n,), averaged over strata at equal false positive rate, weighted by positive-negative pairs.

    scores, labels, strata: (N,). Its area is the AUROC within strata, which is the same average of areas. Empty where
    no stratum holds both classes.
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
    """Recall and precision (n,), (n,) at each score of a positive, highest first, starting at recall 0.

    scores: (N,). labels: (N,) in {1, 0}. The precision of a point applies back to the point before. Empty where one
    class is absent.
    """
    positives, negatives = _cumulated(scores, labels)
    if positives[-1] == 0 or negatives[-1] == 0:
        return np.empty(0), np.empty(0)
    gained = np.flatnonzero(np.diff(positives) > 0) + 1
    precision = positives[gained] / (positives[gained] + negatives[gained])
    return np.append(0.0, positives[gained] / positives[-1]), np.append(precision[0], precision)


def _curves(matrix: ScoreMatrix, column: int) -> FindingCurves:
    """Curves of the finding in ``column`` of scores (N, C)."""
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
    """Positives (n,) and negatives (n,) at or above each distinct score of (N,), highest first, after a leading 0."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    level = np.unique(-x, return_inverse=True)[1]
    counts = (np.bincount(level, weights=y == label) if len(x) else np.empty(0) for label in (1, 0))
    positives, negatives = (np.append(0.0, np.cumsum(count)) for count in counts)
    return positives, negatives


def _height(x: Floats, y: Floats, at: Floats, side: str) -> Floats:
    """Height (m,) of a curve x (n,) ascending, y (n,) at ``at`` (m,); its lower or upper end where it is vertical."""
    places, first = np.unique(x, return_index=True)
    low, high = y[first], y[np.append(first[1:], len(x)) - 1]
    i = np.searchsorted(places, at, "right") - 1
    after = np.minimum(i + 1, len(places) - 1)
    share = np.divide(at - places[i], places[after] - places[i], out=np.zeros_like(at), where=after > i)
    end = np.where(at == places[i], low[i], high[i]) if side == "low" else high[i]
    height: Floats = np.where(share > 0, high[i] + share * (low[after] - high[i]), end)
    return height


def _sensitivity(x: Floats, y: Floats, rate: float) -> float:
    """Height of the ROC curve x (n,), y (n,) at a false positive rate; NaN where there is no curve."""
    return float(_height(x, y, np.array([rate]), "high")[0]) if len(x) else float("nan")


def _precision(recall: Floats, precision: Floats, at: float) -> float:
    """Precision at the first point of recall (n,), precision (n,) that reaches a recall of ``at``."""
    reached = np.flatnonzero(recall >= at - 1e-12)
    return float(precision[reached[0]]) if len(recall) else float("nan")


def _thinned(x: Floats, y: Floats) -> Curve:
    """Curve x (n,), y (n,) reduced to its corners and, where still long, to points at equal distances along it."""
    points = _corners(x, y)
    if len(points) > POINTS:
        length = np.append(0.0, np.cumsum(np.hypot(np.diff(x[points]), np.diff(y[points]))))
        even = np.searchsorted(length, np.linspace(0, length[-1], POINTS)).clip(max=len(points) - 1)
        points = points[np.unique(even)]
    return Curve(tuple(np.round(x[points], 5).tolist()), tuple(np.round(y[points], 5).tolist()))


def _corners(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Indices (m,) of both ends of x (n,), y (n,) and of points off the line through their neighbours."""
    if len(x) < 3:
        return np.arange(len(x))
    dx, dy = np.diff(x), np.diff(y)
    bends = np.abs(dx[:-1] * dy[1:] - dx[1:] * dy[:-1]) > 1e-15
    return np.flatnonzero(np.concatenate([[True], bends, [True]]))

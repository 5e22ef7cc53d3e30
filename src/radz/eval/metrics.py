"""Ranking metrics of one finding, computed from ranks that are sorted once.

Every metric takes weights, one column per bootstrap draw, so that a thousand draws cost one sort and a
thousand cumulative sums. With weights of one they are scikit-learn's values (a test compares them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.errors import ScoresError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Where each positive of one finding stands among the negatives of its stratum.

    positives: (P,) and negatives: (M,) rows of the studies, both in ascending order of (stratum, score).
    Of the negatives, for each positive: ``below`` (P,) is the index of the first that ties with it, ``through``
    (P,) the end of the tie, ``floor`` and ``ceiling`` (P,) the bounds of its stratum. ``level`` (P,) is the index
    of the first positive that ties with it.
    """

    positives: Indices
    negatives: Indices
    below: Indices
    through: Indices
    floor: Indices
    ceiling: Indices
    level: Indices

    @classmethod
    def of(cls, scores: ArrayLike, labels: ArrayLike, strata: ArrayLike | None = None) -> Ranking:
        """Rank scores (N,) of studies with labels (N,) in {1, 0, NaN} within strata (N,); one stratum by default.

        Studies without a label or without a score (NaN) take no part. Raises ScoresError for other labels and
        for lengths that differ.
        """
        x, y = _checked(scores, labels)
        values, rank = np.unique(x, return_inverse=True)
        stratum = np.zeros(len(x), dtype=np.int64) if strata is None else _codes(strata, len(x))
        key = stratum * len(values) + rank
        positives, negatives = (_sorted_rows(key, np.isfinite(x) & (y == label)) for label in (1, 0))
        p, n, start = key[positives], key[negatives], stratum[positives] * len(values)
        return cls(
            positives,
            negatives,
            below=np.searchsorted(n, p, "left"),
            through=np.searchsorted(n, p, "right"),
            floor=np.searchsorted(n, start, "left"),
            ceiling=np.searchsorted(n, start + len(values), "left"),
            level=np.searchsorted(p, p, "left"),
        )

    @property
    def comparable(self) -> int:
        """Positives whose stratum also holds a negative."""
        return int(np.count_nonzero(self.ceiling > self.floor))

    def auroc(self, weights: Floats) -> Floats:
        """AUROC over the positive-negative pairs of one stratum, ties one half: weights (N, R) -> (R,).

        NaN where a draw leaves no pair.
        """
        w, lower = weights[self.positives], _cumulative(weights[self.negatives])
        won = np.einsum("pr,pr->r", w, (lower[self.below] + lower[self.through]) / 2 - lower[self.floor])
        return _ratio(won, np.einsum("pr,pr->r", w, lower[self.ceiling] - lower[self.floor]))

    def average_precision(self, weights: Floats) -> Floats:
        """Mean precision at the positives, weights (N, R) -> (R,); only meaningful for one stratum.

        NaN where a draw leaves no positive or no negative.
        """
        w, lower = weights[self.positives], _cumulative(weights[self.negatives])
        reached = _cumulative(w)
        true = reached[-1] - reached[self.level]
        false = lower[-1] - lower[self.below]
        precision = true / np.maximum(true + false, 1)  # weights are counts: a sum below 1 is 0
        return np.where(lower[-1] > 0, _ratio(np.einsum("pr,pr->r", w, precision), reached[-1]), np.nan)


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Area under the ROC curve: scores (N,), labels (N,) in {1, 0, NaN}; NaN where one class is absent."""
    return _plain(scores, labels, None, "auroc")


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float:
    """Average precision: scores (N,), labels (N,) in {1, 0, NaN}; NaN where one class is absent."""
    return _plain(scores, labels, None, "average_precision")


def within_strata_auroc(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike) -> float:
    """AUROC over positive-negative pairs of the same stratum: sum n+ n- AUROC / sum n+ n- over strata.

    What the strata themselves tell about the label counts for nothing here; a score that is constant in each
    stratum gets exactly 0.5. NaN where no stratum holds both classes.
    """
    return _plain(scores, labels, strata, "auroc")


def comparable_positives(labels: ArrayLike, strata: ArrayLike) -> int:
    """Positives in strata that also hold a negative: labels (N,) in {1, 0, NaN}, strata (N,)."""
    return Ranking.of(np.zeros(len(np.asarray(labels))), labels, strata).comparable


def _plain(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike | None, metric: str) -> float:
    ranking = Ranking.of(scores, labels, strata)
    weights = np.ones((len(np.asarray(scores)), 1))
    return float(getattr(ranking, metric)(weights)[0])


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ScoresError(f"Scores {x.shape} and labels {y.shape} must be two rows of one length, one per study.")
    odd = set(np.unique(y[~np.isnan(y)])) - {0.0, 1.0}
    if odd:
        raise ScoresError(f"Labels are 1 (present), 0 (absent) or NaN (unknown), got {sorted(odd)}.")
    return x, y


def _codes(strata: ArrayLike, count: int) -> NDArray[np.int64]:
    names: NDArray[Any] = np.asarray(strata)
    if names.shape != (count,):
        raise ScoresError(f"Strata {names.shape} must have one entry for each of the {count} studies.")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _sorted_rows(key: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Indices:
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(key[rows], kind="stable")]


def _cumulative(weights: Floats) -> Floats:
    """(M, R) -> (M + 1, R): row i is the sum of the first i rows."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)

"""Ranking metrics of one finding, computed from scores that are sorted once.

Every metric takes study weights, one column per bootstrap draw, so a thousand draws cost one sort and a thousand
cumulative sums. With unit weights the metrics equal scikit-learn's (a test compares them). scikit-learn also accepts
weights, but sorts anew for each draw and knows no strata, hence this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from radz.errors import ScoresError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The position of each positive of one finding among the negatives of its stratum.

    positives: (P,) study rows, in ascending order of (stratum, score). cuts: (S, N) sparse; row s sums the weights of
    the negatives between cuts s - 1 and s, in the same order. There is a cut wherever the negatives before a positive
    are counted: ``below`` (P,) its ties, ``through`` (P,) the end of its ties, ``floor`` and ``ceiling`` (P,) the
    bounds of its stratum. Each is an index of a cut. level: (P,) index of the first positive that ties with it.
    """

    positives: Indices
    cuts: csr_array
    below: Indices
    through: Indices
    floor: Indices
    ceiling: Indices
    level: Indices

    @classmethod
    def of(cls, scores: ArrayLike, labels: ArrayLike, strata: ArrayLike | None = None) -> Ranking:
        """Rank scores (N,) of studies with labels (N,) in {1, 0, NaN} within strata (N,); one stratum by default.

        Studies without a label or a score (NaN) are left out. Raises ScoresError for other labels and for lengths that
        differ.
        """
        x, y = _checked(scores, labels)
        values, rank = np.unique(x, return_inverse=True)
        stratum = np.zeros(len(x), dtype=np.int64) if strata is None else _codes(strata, len(x))
        key = stratum * len(values) + rank
        positives, negatives = (_sorted_rows(key, np.isfinite(x) & (y == label)) for label in (1, 0))
        below, through, floor, ceiling = before = _negatives_before(key[positives], key[negatives], len(values))
        cuts = np.unique([*before.ravel(), len(negatives)])
        return cls(
            positives=positives,
            cuts=_segment_sums(cuts, negatives, len(x)),
            below=np.searchsorted(cuts, below),
            through=np.searchsorted(cuts, through),
            floor=np.searchsorted(cuts, floor),
            ceiling=np.searchsorted(cuts, ceiling),
            level=np.searchsorted(key[positives], key[positives]),
        )

    @property
    def negatives(self) -> int:
        """Number of ranked negatives."""
        return int(self.cuts.nnz)

    @property
    def comparable(self) -> int:
        """Positives whose stratum also holds a negative."""
        return int(np.count_nonzero(self.ceiling > self.floor))

    def _lower(self, weights: Floats) -> Floats:
        """Weight of the negatives before each cut: weights (N, R) -> (S, R)."""
        return np.cumsum(self.cuts @ weights, axis=0)

    def auroc(self, weights: Floats) -> Floats:
        """AUROC over the positive-negative pairs within strata, ties count one half: weights (N, R) -> (R,).

        NaN where a draw leaves no pair.
        """
        w, lower = weights[self.positives], self._lower(weights)
        won = np.einsum("pr,pr->r", w, (lower[self.below] + lower[self.through]) / 2 - lower[self.floor])
        return _ratio(won, np.einsum("pr,pr->r", w, lower[self.ceiling] - lower[self.floor]))

    def average_precision(self, weights: Floats) -> Floats:
        """Average precision: weights (N, R) -> (R,). Only meaningful for a single stratum.

        NaN where a draw leaves no positive or no negative.
        """
        w, lower = weights[self.positives], self._lower(weights)
        reached = np.cumsum(w, axis=0) - w
        total = w.sum(axis=0)
        true = total - reached[self.level]
        false = lower[-1] - lower[self.below]
        precision = true / np.maximum(true + false, 1)  # weights are counts: a sum below 1 is 0
        return np.where(lower[-1] > 0, _ratio(np.einsum("pr,pr->r", w, precision), total), np.nan)


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Area under the ROC curve: scores (N,), labels (N,) in {1, 0, NaN}; NaN where one class is absent."""
    return _plain(scores, labels, None, "auroc")


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float:
    """Average precision: scores (N,), labels (N,) in {1, 0, NaN}; NaN where one class is absent."""
    return _plain(scores, labels, None, "average_precision")


def within_strata_auroc(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike) -> float:
    """AUROC over positive-negative pairs of the same stratum: sum n+ n- AUROC / sum n+ n- over strata.

    scores (N,), labels (N,) in {1, 0, NaN}, strata (N,). A score that is constant in each stratum gets exactly 0.5,
    however much the strata say about the label. NaN where no stratum holds both classes.
    """
    return _plain(scores, labels, strata, "auroc")


def comparable_positives(labels: ArrayLike, strata: ArrayLike) -> int:
    """Positives in strata that also hold a negative: labels (N,) in {1, 0, NaN}, strata (N,)."""
    return Ranking.of(np.zeros(len(np.asarray(labels))), labels, strata).comparable


def _plain(scores: ArrayLike, labels: ArrayLike, strata: ArrayLike | None, metric: str) -> float:
    """The metric of scores (N,), labels (N,) and strata (N,) with unit weights."""
    ranking = Ranking.of(scores, labels, strata)
    weights = np.ones((len(np.asarray(scores)), 1))
    return float(getattr(ranking, metric)(weights)[0])


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Scores (N,) and labels (N,) as arrays. Raises ScoresError for other shapes and other labels."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ScoresError(f"Scores {x.shape} and labels {y.shape} must be two rows of one length, one per study.")
    odd = set(np.unique(y[~np.isnan(y)])) - {0.0, 1.0}
    if odd:
        raise ScoresError(
            f"Labels are 1 (present), 0 (absent) or NaN (unknown), got {sorted(odd)}. Replace the others."
        )
    return x, y


def _codes(strata: ArrayLike, count: int) -> NDArray[np.int64]:
    """Number of the stratum of each of ``count`` studies, (N,)."""
    names: NDArray[Any] = np.asarray(strata)
    if names.shape != (count,):
        raise ScoresError(f"Strata {names.shape} must have one entry for each of the {count} studies.")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _sorted_rows(key: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Indices:
    """Rows (K,) of the ``chosen`` (N,) studies, in ascending order of ``key`` (N,)."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(key[rows], kind="stable")]


def _negatives_before(positive: NDArray[np.int64], negative: NDArray[np.int64], levels: int) -> Indices:
    """Number of negatives before four places for each positive, (4, P).

    The places: the start and the end of its ties, the start and the end of its stratum. positive (P,) and negative (M,)
    are ascending keys stratum * levels + rank.
    """
    start = positive // levels * levels
    return np.stack(
        [
            np.searchsorted(negative, positive),
            np.searchsorted(negative, positive, "right"),
            np.searchsorted(negative, start),
            np.searchsorted(negative, start + levels),
        ]
    )


def _segment_sums(cuts: Indices, negatives: Indices, studies: int) -> csr_array:
    """Sparse (S, N) whose row s sums the ``negatives`` (M,) from cut s - 1 up to cut s of ``cuts`` (S,)."""
    segment = np.searchsorted(cuts, np.arange(len(negatives)), "right")
    return csr_array((np.ones(len(negatives)), (segment, negatives)), shape=(len(cuts), studies))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part`` (R,) / ``whole`` (R,), NaN where ``whole`` is 0."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)

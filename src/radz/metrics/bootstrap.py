"""Confidence intervals from a bootstrap over patients.

A draw takes patients, never images, with replacement, and keeps the number of patients in each of two groups:
for one finding, patients with a positive study of it and patients without; for a macro value, which has no
single label, patients with a positive study of any of its findings and patients without. A draw in which a
metric is undefined is dropped, counted and shown. Everything is a function of (data, seed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.errors import ScoresError
from radz.metrics.ranking import Floats

Statistic = Callable[[Floats], Floats]
"""Study weights, shape (N, R) -> one value per draw, (..., R); NaN where undefined."""
Seed = int | Sequence[int]
CHUNK = 50
"""Draws computed at once: small enough that (N, CHUNK) stays near the processor's cache. Part of the seed's meaning."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Percentile interval; ``dropped`` of ``draws`` draws were undefined. NaN bounds where all were."""

    low: float
    high: float
    draws: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second on identical studies and draws, with a two-sided bootstrap p-value."""

    value: float
    interval: Interval
    p_value: float


def bootstrap(statistic: Statistic, patients: ArrayLike, positive: ArrayLike, draws: int, seed: Seed) -> Floats:
    """``statistic`` in each draw, shape (..., draws), for patients (N,) and positive (N,) bool of the studies.

    Raises ScoresError for fewer than one draw.
    """
    if draws < 1:
        raise ScoresError(f"A bootstrap needs at least 1 draw, got {draws}; the protocol takes 1000.")
    return np.concatenate([statistic(w) for w in patient_weights(patients, positive, draws, seed)], axis=-1)


def patient_weights(patients: ArrayLike, positive: ArrayLike, draws: int, seed: Seed) -> Iterator[Floats]:
    """Study weights of each draw, in chunks (N, <= CHUNK): how often the study's patient was drawn.

    The number of patients with a positive study is the same in every draw, and so is that of the others.
    """
    rng = np.random.default_rng(seed)
    row = np.unique(np.asarray(patients), return_inverse=True)[1]
    has_positive = np.bincount(row, weights=np.asarray(positive, dtype=np.float64)) > 0
    for start in range(0, draws, CHUNK):
        yield _patient_counts(rng, has_positive, min(CHUNK, draws - start))[row]


def percentile_interval(values: Floats, level: float = 0.95) -> Interval:
    """Central ``level`` of the defined values of (draws,)."""
    kept = values[~np.isnan(values)]
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(kept, [tail, 100 - tail]) if len(kept) else (np.nan, np.nan)
    return Interval(float(low), float(high), len(values), len(values) - len(kept))


def paired_differences(
    first: Statistic, second: Statistic, patients: ArrayLike, positive: ArrayLike, *, draws: int = 1000, seed: Seed = 0
) -> tuple[Difference, ...]:
    """``first`` - ``second``, both of weights (N, R) -> (M, R), on the same studies and draws: M differences."""

    def difference(weights: Floats) -> Floats:
        return first(weights) - second(weights)

    values = difference(np.ones((len(np.asarray(patients)), 1)))[:, 0]
    drawn = bootstrap(difference, patients, positive, draws, seed)
    return tuple(
        Difference(float(value), percentile_interval(row), two_sided_p(row))
        for value, row in zip(values, drawn, strict=True)
    )


def two_sided_p(values: Floats) -> float:
    """Bootstrap p-value of "no difference": twice the smaller share of draws (plus one) on either side of zero."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return float("nan")
    smaller = min(np.count_nonzero(kept <= 0), np.count_nonzero(kept >= 0))
    return float(min(1.0, 2 * (smaller + 1) / (len(kept) + 1)))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjustment of p-values (M,), order kept; NaN (an untested hypothesis) is not counted."""
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return adjusted


def _patient_counts(rng: np.random.Generator, has_positive: NDArray[np.bool_], draws: int) -> Floats:
    """How often each patient is drawn, (patients, draws), drawing within each of the two groups."""
    counts = np.empty((len(has_positive), draws))
    for group in (np.flatnonzero(has_positive), np.flatnonzero(~has_positive)):
        if len(group):
            drawn = rng.integers(len(group), size=(draws, len(group))) + len(group) * np.arange(draws)[:, None]
            counts[group] = np.bincount(drawn.ravel(), minlength=draws * len(group)).reshape(draws, -1).T
    return counts

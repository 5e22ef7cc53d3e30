"""Confidence intervals from a bootstrap over patients.

A draw takes patients, never images, with replacement, and keeps the number of patients in each of two groups:
for one finding, patients with a positive study of it and patients without; for a macro value, which has no
single label, patients with a positive study of any of its findings and patients without. A draw in which a
metric is undefined is dropped, counted and shown. Everything is a function of (data, seed).

Written here rather than taken from a library because no library offers it: ``scipy.stats.bootstrap`` and the packages
on top of scikit-learn resample rows and call the metric anew for each draw. Here a draw is a column of integer weights
over studies that are ranked once, so draws keep patients together, are stratified, and cost no sorting
(``benchmarks/bootstrap.py`` measures the time).
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
"""Draws computed at once, few enough for (N, CHUNK) to stay near the processor's cache. Another value changes draws."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Percentile interval. ``dropped`` of ``draws`` draws were undefined; the bounds are NaN where all of them were."""

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
    """Values (..., draws) of ``statistic`` for patients (N,) and positive (N,) bool of the studies.

    Raises ScoresError for fewer than one draw.
    """
    if draws < 1:
        raise ScoresError(f"A bootstrap needs at least 1 draw, got {draws}; the protocol takes 1000.")
    return np.concatenate([statistic(w) for w in patient_weights(patients, positive, draws, seed)], axis=-1)


def patient_weights(patients: ArrayLike, positive: ArrayLike, draws: int, seed: Seed) -> Iterator[Floats]:
    """Yield study weights in chunks (N, <= CHUNK): how often the patient of each study was drawn.

    patients: (N,). positive: (N,) bool. Every draw has the same number of patients with a positive study, and the same
    number of patients without.
    """
    rng = np.random.default_rng(seed)
    row = np.unique(np.asarray(patients), return_inverse=True)[1]
    has_positive = np.bincount(row, weights=np.asarray(positive, dtype=np.float64)) > 0
    for start in range(0, draws, CHUNK):
        yield _patient_counts(rng, has_positive, min(CHUNK, draws - start))[row]


def percentile_interval(values: Floats, level: float = 0.95) -> Interval:
    """The central ``level`` of the defined values among ``values`` (draws,)."""
    defined = values[~np.isnan(values)]
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(defined, [tail, 100 - tail]) if len(defined) else (np.nan, np.nan)
    return Interval(float(low), float(high), len(values), len(values) - len(defined))


def paired_differences(
    first: Statistic, second: Statistic, patients: ArrayLike, positive: ArrayLike, *, draws: int = 1000, seed: Seed = 0
) -> tuple[Difference, ...]:
    """M differences of two statistics, each weights (N, R) -> (M, R), over the same draws of patients (N,)."""

    def difference(weights: Floats) -> Floats:
        """Weights (N, R) -> (M, R)."""
        return first(weights) - second(weights)

    values = difference(np.ones((len(np.asarray(patients)), 1)))[:, 0]
    drawn = bootstrap(difference, patients, positive, draws, seed)
    return tuple(
        Difference(float(value), percentile_interval(row), two_sided_p(row))
        for value, row in zip(values, drawn, strict=True)
    )


def two_sided_p(values: Floats) -> float:
    """Bootstrap p-value of "no difference" from drawn differences (draws,).

    Twice the smaller share of draws, plus one, on either side of zero.
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan")
    smaller = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    return float(min(1.0, 2 * (smaller + 1) / (len(defined) + 1)))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjustment of p-values (M,), in their order; NaN is an untested hypothesis and not counted."""
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return adjusted


def _patient_counts(rng: np.random.Generator, has_positive: NDArray[np.bool_], draws: int) -> Floats:
    """How often each patient is drawn, (patients, draws), drawing within each group of ``has_positive`` (patients,)."""
    counts = np.empty((len(has_positive), draws))
    for group in (np.flatnonzero(has_positive), np.flatnonzero(~has_positive)):
        if len(group):
            drawn = rng.integers(len(group), size=(draws, len(group))) + len(group) * np.arange(draws)[:, None]
            counts[group] = np.bincount(drawn.ravel(), minlength=draws * len(group)).reshape(draws, -1).T
    return counts

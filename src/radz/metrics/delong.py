"""DeLong's variance of an AUROC and his test of two AUROCs on the same studies, with patients kept together.

DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845; ranks instead of pairs after Sun and Xu, IEEE Signal
Processing Letters 21 (2014) 1389-1393; studies of one patient depend on each other, after Obuchowski, Biometrics 53
(1997) 567-578, which is DeLong's own variance where every patient has one study. Strata are not looked at: this is for
the pooled AUROC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from radz.errors import ScoresError
from radz.metrics.ranking import Floats

LEVEL = 0.95
EQUAL = 1e-12
"""Less than this is rounding."""


@dataclass(frozen=True, slots=True)
class DelongInterval:
    """AUROC, its standard error and its normal interval, cut at 0 and 1; NaN where a class is absent or too small."""

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DelongTest:
    """First AUROC minus second on the studies that both score; NaN where it cannot be tested."""

    difference: float
    standard_error: float
    z: float
    p_value: float


def delong_interval(scores: ArrayLike, labels: ArrayLike, patients: ArrayLike | None = None) -> DelongInterval:
    """Of scores (N,) with labels (N,) in {1, 0, NaN}; patients (N,), by default every study its own."""
    (value,), covariance = delong([scores], labels, patients)
    error = _root(covariance[0, 0])
    half = float(norm.ppf((1 + LEVEL) / 2)) * error
    return DelongInterval(float(value), error, float(np.maximum(0, value - half)), float(np.minimum(1, value + half)))


def delong_test(
    first: ArrayLike, second: ArrayLike, labels: ArrayLike, patients: ArrayLike | None = None
) -> DelongTest:
    """Of two models' scores (N,) of the same studies. Scores that rank alike differ by 0, with a p-value of 1."""
    (one, two), covariance = delong([first, second], labels, patients)
    difference = float(one - two)
    error = _root(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if error > EQUAL or math.isnan(error):
        z = difference / error
        return DelongTest(difference, error, z, float(2 * norm.sf(abs(z))))
    alike = abs(difference) < EQUAL  # without variance only "no difference" can be said
    return DelongTest(difference, error, 0.0 if alike else math.nan, 1.0 if alike else math.nan)


def delong(scores: Sequence[ArrayLike], labels: ArrayLike, patients: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """AUROC (M,) of M models' scores (N,) each, and their covariance (M, M), over studies that all of them score.

    NaN where a class is absent, covariance NaN where it comes from one patient alone. Raises ScoresError for lengths
    that differ.
    """
    x, y, row = _known(scores, labels, patients)
    positive, negative = x[:, y == 1], x[:, y == 0]
    m, n = positive.shape[1], negative.shape[1]
    if not m or not n:
        return np.full(len(x), np.nan), np.full((len(x), len(x)), np.nan)
    above, below = _placements(positive, negative)
    values = above.mean(axis=1)
    of_positives = _patient_sums(above - values[:, None], row[y == 1], row)
    of_negatives = _patient_sums(below - values[:, None], row[y == 0], row)
    between = of_positives @ of_negatives.T * _small_sample(row)
    covariance = of_positives @ of_positives.T * _small_sample(row[y == 1]) / m**2
    covariance += of_negatives @ of_negatives.T * _small_sample(row[y == 0]) / n**2
    return values, covariance + (between + between.T) / (m * n)


def _known(
    scores: Sequence[ArrayLike], labels: ArrayLike, patients: ArrayLike | None
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Scores (M, N), labels (N,) and the patient's number (N,) of the studies that take part."""
    y = np.asarray(labels, dtype=np.float64)
    names = np.arange(len(y)) if patients is None else np.asarray(patients)
    rows = [np.asarray(row, dtype=np.float64) for row in scores]
    if {row.shape for row in rows} | {names.shape} != {y.shape}:
        shapes = ", ".join(str(row.shape) for row in rows)
        raise ScoresError(f"Scores {shapes}, labels {y.shape} and patients {names.shape} must be rows of one length.")
    x = np.stack(rows)
    known = ~np.isnan(y) & ~np.isnan(x).any(axis=0)
    return x[:, known], y[known], np.unique(names[known], return_inverse=True)[1]


def _placements(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """Share of negatives below each positive (M, m), of positives above each negative (M, n); a tie is one half."""
    m, n = positive.shape[1], negative.shape[1]
    together = rankdata(np.concatenate([positive, negative], axis=1), axis=1)
    above = (together[:, :m] - rankdata(positive, axis=1)) / n
    return above, 1 - (together[:, m:] - rankdata(negative, axis=1)) / m


def _patient_sums(values: Floats, own: NDArray[np.intp], everyone: NDArray[np.intp]) -> Floats:
    """Values (M, k) of studies of patients ``own`` (k,) -> sums (M, patients)."""
    count = int(everyone.max()) + 1
    return np.stack([np.bincount(own, weights=row, minlength=count) for row in values])


def _small_sample(patients: NDArray[np.intp]) -> float:
    """I / (I - 1) for I patients; NaN for one."""
    count = len(np.unique(patients))
    return count / (count - 1) if count > 1 else math.nan


def _root(variance: float) -> float:
    """Square root; a variance that rounding made negative is 0."""
    return math.sqrt(max(variance, 0.0)) if not math.isnan(variance) else math.nan

"""DeLong's variance of an AUROC, and the test of two AUROCs on the same studies, clustered by patient.

DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845; computed from ranks after Sun and Xu, IEEE Signal
Processing Letters 21 (2014) 1389-1393; clustered by patient after Obuchowski, Biometrics 53 (1997) 567-578, which is
DeLong's variance where every patient has one study. Strata are ignored: this is for the pooled AUROC.

Written here because scipy and scikit-learn offer no DeLong test, and the public implementations treat the studies of
one patient as independent, which makes intervals too narrow.
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
"""A smaller difference is rounding."""


@dataclass(frozen=True, slots=True)
class DelongInterval:
    """AUROC, standard error and normal interval, clipped to [0, 1]; NaN where a class is absent or has one patient."""

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DelongTest:
    """First AUROC minus second on the studies that both models score; NaN where no test is possible."""

    difference: float
    standard_error: float
    z: float
    p_value: float


def delong_interval(scores: ArrayLike, labels: ArrayLike, patients: ArrayLike | None = None) -> DelongInterval:
    """Interval of the AUROC of scores (N,) with labels (N,) in {1, 0, NaN}; patients (N,), by default one per study."""
    (value,), covariance = delong([scores], labels, patients)
    error = _root(covariance[0, 0])
    half = float(norm.ppf((1 + LEVEL) / 2)) * error
    return DelongInterval(float(value), error, float(np.maximum(0, value - half)), float(np.minimum(1, value + half)))


def delong_test(
    first: ArrayLike, second: ArrayLike, labels: ArrayLike, patients: ArrayLike | None = None
) -> DelongTest:
    """Test two models' scores, (N,) each, of the same studies with labels (N,) in {1, 0, NaN} and patients (N,).

    Scores with the same ranking have a difference of 0 and a p-value of 1.
    """
    (one, two), covariance = delong([first, second], labels, patients)
    difference = float(one - two)
    error = _root(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if error > EQUAL or math.isnan(error):
        z = difference / error
        return DelongTest(difference, error, z, float(2 * norm.sf(abs(z))))
    alike = abs(difference) < EQUAL  # without variance, only equality can be concluded
    return DelongTest(difference, error, 0.0 if alike else math.nan, 1.0 if alike else math.nan)


def delong(scores: Sequence[ArrayLike], labels: ArrayLike, patients: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """AUROC (M,) of M models and their covariance (M, M), over the studies that all of them score.

    scores: M rows (N,). labels: (N,) in {1, 0, NaN}. patients: (N,), by default one per study. AUROCs are NaN where a
    class is absent, covariances also where a class comes from one patient. Raises ScoresError for lengths that differ.
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
    """Scores (M, K), labels (K,) and patient numbers (K,) of the K of N studies that have a label and all scores."""
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
    """Share of negatives below each positive, (M, m), of positives above each negative, (M, n); ties are one half."""
    m, n = positive.shape[1], negative.shape[1]
    together = rankdata(np.concatenate([positive, negative], axis=1), axis=1)
    above = (together[:, :m] - rankdata(positive, axis=1)) / n
    return above, 1 - (together[:, m:] - rankdata(negative, axis=1)) / m


def _patient_sums(values: Floats, patients: NDArray[np.intp], everyone: NDArray[np.intp]) -> Floats:
    """Values (M, k) of studies of ``patients`` (k,) -> sums (M, I) over each of the I patients of ``everyone`` (K,)."""
    count = int(everyone.max()) + 1
    return np.stack([np.bincount(patients, weights=row, minlength=count) for row in values])


def _small_sample(patients: NDArray[np.intp]) -> float:
    """I / (I - 1) for the I different ``patients`` (k,); NaN for one."""
    count = len(np.unique(patients))
    return count / (count - 1) if count > 1 else math.nan


def _root(variance: float) -> float:
    """Square root of a variance; a negative one is rounding and counts as 0."""
    return math.sqrt(max(variance, 0.0)) if not math.isnan(variance) else math.nan

"""Scores to probabilities by Platt scaling, fitted on validation scores only.

Each finding with enough positives and negatives gets ``sigmoid(slope * score + offset)``. Its probabilities hold at the
prevalence of the validation images. A pooled scaling with one temperature and one offset for all findings,
``sigmoid(score / T + offset)``, is reported for comparison; without an offset T would run to infinity, because findings
are rare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from radz.errors import LeakageError, MissingExtraError, ScoresError
from radz.metrics.bootstrap import Interval, bootstrap, percentile_interval
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresTable
from radz.types import NORMAL

MIN_PER_CLASS = 20
BINS = 10


@dataclass(frozen=True, slots=True)
class PlattScaling:
    """sigmoid(slope * score + offset); counts are of validation studies."""

    slope: float
    offset: float
    positives: int
    negatives: int

    @property
    def temperature(self) -> float:
        """The divisor of a score, 1 / slope."""
        return 1 / self.slope if self.slope else math.inf

    @property
    def prevalence(self) -> float:
        """Share of positives in the validation studies, the prevalence the probabilities hold for."""
        return self.positives / (self.positives + self.negatives)

    def probability(self, scores: Floats) -> Floats:
        """Scores, any shape -> probabilities in (0, 1); NaN stays NaN."""
        values: Floats = expit(self.slope * np.asarray(scores, dtype=np.float64) + self.offset)
        return values


@dataclass(frozen=True, slots=True)
class Bin:
    """Image-finding pairs of similar probability: their mean, and the share of present ones with a 95 % interval."""

    probability: float
    frequency: float
    interval: Interval
    pairs: int
    positives: int


@dataclass(frozen=True, slots=True)
class PlattScalings:
    """by_concept: concept -> its scaling. refused: concept -> why it has none. pooled: over all findings."""

    pooled: PlattScaling
    by_concept: Mapping[str, PlattScaling]
    refused: Mapping[str, str]


def fit_platt_scaling(table: ScoresTable, min_per_class: int = MIN_PER_CLASS) -> PlattScalings:
    """Fit on scores of a validation split; uncertain labels are left out.

    Raises LeakageError for any split other than ``val``.
    """
    require_validation(table)
    matrix = as_matrix(table)
    known = ~np.isnan(matrix.scores) & ~np.isnan(matrix.labels)
    diseases = [j for j, concept in enumerate(matrix.concepts) if concept != NORMAL]
    columns = {matrix.concepts[j]: (matrix.scores[known[:, j], j], matrix.labels[known[:, j], j]) for j in diseases}
    fits = {concept: _fit_platt(*column, min_per_class) for concept, column in columns.items()}
    return PlattScalings(
        pooled=_fit_pooled(*(np.concatenate(part) for part in zip(*columns.values(), strict=True))),
        by_concept={concept: fit for concept, fit in fits.items() if isinstance(fit, PlattScaling)},
        refused={concept: fit for concept, fit in fits.items() if isinstance(fit, str)},
    )


def require_validation(table: ScoresTable) -> None:
    """Raise LeakageError unless the scores come from a validation split."""
    if table.provenance.split != "val":
        raise LeakageError(
            f"Scores of split '{table.provenance.split}' cannot calibrate '{table.provenance.model}', only those of "
            "split 'val': nothing may be fitted on images that a result is reported on. Score the validation split."
        )


def brier(probabilities: Floats, labels: Floats) -> float:
    """Mean squared difference of probabilities (N,) and labels (N,) in {1, 0}."""
    return float(np.mean((probabilities - labels) ** 2))


def expected_calibration_error(probabilities: Floats, labels: Floats, bins: int = BINS) -> float:
    """Mean gap between probabilities (N,) and labels (N,) over equal-width bins, weighted by count, in [0, 1]."""
    bin_of = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=probabilities - labels, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def probability_bins(
    probabilities: Floats, labels: Floats, patients: ArrayLike, *, bins: int = BINS, draws: int = 1000, seed: int = 0
) -> tuple[Bin, ...]:
    """Equal-width bins that are not empty, of probabilities (N, C) and labels (N, C) in {1, 0, NaN}.

    Intervals come from a bootstrap over patients (N,), because the findings of one patient are not independent. Draws
    are not stratified by label: that would fix the very share that the interval is about.
    """
    one_group = np.zeros(len(labels), dtype=bool)
    known = ~np.isnan(probabilities) & ~np.isnan(labels)
    bin_of = np.where(known, np.minimum(np.nan_to_num(probabilities) * bins, bins - 1).astype(int), -1)
    filled = []
    for number in np.unique(bin_of[known]):
        chosen = bin_of == number
        pairs, present = chosen.sum(axis=1), (chosen & (labels == 1)).sum(axis=1)  # (N,)
        drawn = bootstrap(partial(_shares, present, pairs), patients, one_group, draws, (seed, int(number)))
        total, positives, mean = int(pairs.sum()), int(present.sum()), float(probabilities[chosen].mean())
        filled.append(Bin(mean, positives / total, percentile_interval(drawn), total, positives))
    return tuple(filled)


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64], weights: Floats) -> Floats:
    """Weights (N, R) -> weighted ``part`` (N,) / ``whole`` (N,), (R,); NaN where a draw is empty."""
    total = whole @ weights
    shares: Floats = np.divide(part @ weights, total, out=np.full_like(total, np.nan), where=total > 0)
    return shares


def _fit_pooled(scores: Floats, labels: Floats) -> PlattScaling:
    """One temperature and offset for scores (M,), labels (M,); slope 0 where scores do not rise with findings."""
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    if min(positives, negatives) == 0:
        raise ScoresError(
            "Nothing to calibrate: all validation labels are the same. Calibrate on images with and without findings."
        )
    slope, offset = _logistic(scores, labels)
    if slope <= 0:
        slope, offset = 0.0, math.log(positives / negatives)
    return PlattScaling(slope, offset, positives, negatives)


def _fit_platt(scores: Floats, labels: Floats, min_per_class: int) -> PlattScaling | str:
    """Platt scaling fitted to scores (M,) and labels (M,), or the reason why it cannot be fitted."""
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    if min(positives, negatives) < min_per_class:
        return f"{positives} positive and {negatives} negative validation images, {min_per_class} of each are needed"
    slope, offset = _logistic(scores, labels)
    if slope <= 0:
        return "the score does not rise with the finding on validation images"
    return PlattScaling(slope, offset, positives, negatives)


def _logistic(scores: Floats, labels: Floats) -> tuple[float, float]:
    """Slope and offset of a nearly unregularised logistic regression of labels (M,) on standardised scores (M,)."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("Calibration", "scikit-learn", "calibration") from None
    mean, spread = float(scores.mean()), float(scores.std()) or 1.0
    fit = LogisticRegression(C=1e6).fit(((scores - mean) / spread)[:, None], labels)
    slope = float(fit.coef_[0, 0]) / spread
    return slope, float(fit.intercept_[0]) - slope * mean

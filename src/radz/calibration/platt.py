"""Scores to probabilities, fitted on validation scores and on nothing else.

Each finding with enough positives and negatives gets its own Platt scaling, ``sigmoid(slope * score + offset)``, whose
probabilities hold at the prevalence of the validation films. Beside it one temperature over all findings, with one
offset, ``sigmoid(score / T + offset)``: without an offset T runs to infinity, since findings are rare.
It knows no finding's own prevalence and is only reported.
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
from radz.metrics.scores_file import ScoresTable, as_matrix
from radz.types import NORMAL

MIN_PER_CLASS = 20
BINS = 10


@dataclass(frozen=True, slots=True)
class Platt:
    """sigmoid(slope * score + offset); counts are of validation studies."""

    slope: float
    offset: float
    positives: int
    negatives: int

    @property
    def temperature(self) -> float:
        """What a score is divided by: 1 / slope."""
        return 1 / self.slope if self.slope else math.inf

    @property
    def prevalence(self) -> float:
        """Share of positives at which the probabilities hold."""
        return self.positives / (self.positives + self.negatives)

    def probability(self, scores: Floats) -> Floats:
        """Scores, any shape -> probabilities in (0, 1); NaN stays NaN."""
        values: Floats = expit(self.slope * np.asarray(scores, dtype=np.float64) + self.offset)
        return values


@dataclass(frozen=True, slots=True)
class Bin:
    """Film-finding pairs of like probability: its mean, and the share of them present, with a 95 % interval."""

    probability: float
    frequency: float
    interval: Interval
    pairs: int
    positives: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """pooled: of all findings together. platt: by concept. refused: concept -> why it has no probability."""

    pooled: Platt
    platt: Mapping[str, Platt]
    refused: Mapping[str, str]


def fit_calibration(table: ScoresTable, min_per_class: int = MIN_PER_CLASS) -> Calibration:
    """Calibration from scores of a validation split; uncertain labels take no part.

    Raises LeakageError for any split but ``val``.
    """
    require_validation(table)
    matrix = as_matrix(table)
    known = ~np.isnan(matrix.scores) & ~np.isnan(matrix.labels)
    diseases = [j for j, concept in enumerate(matrix.concepts) if concept != NORMAL]
    columns = {matrix.concepts[j]: (matrix.scores[known[:, j], j], matrix.labels[known[:, j], j]) for j in diseases}
    fits = {concept: _fit_platt(*column, min_per_class) for concept, column in columns.items()}
    return Calibration(
        pooled=_fit_pooled(*(np.concatenate(part) for part in zip(*columns.values(), strict=True))),
        platt={concept: fit for concept, fit in fits.items() if isinstance(fit, Platt)},
        refused={concept: fit for concept, fit in fits.items() if isinstance(fit, str)},
    )


def require_validation(table: ScoresTable) -> None:
    """Raise LeakageError unless the scores are those of a validation split."""
    if table.provenance.split != "val":
        raise LeakageError(
            f"Scores of split '{table.provenance.split}' cannot calibrate '{table.provenance.model}': only split 'val' "
            "can, so that nothing is fitted on films that a result is reported on. Score the validation split."
        )


def brier(probabilities: Floats, labels: Floats) -> float:
    """Mean squared difference of probabilities (N,) and labels (N,) in {1, 0}."""
    return float(np.mean((probabilities - labels) ** 2))


def expected_calibration_error(probabilities: Floats, labels: Floats, bins: int = BINS) -> float:
    """Mean gap of probability and frequency over equal-width bins, weighted by count: (N,), (N,) -> [0, 1]."""
    bin_of = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=probabilities - labels, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def probability_bins(
    probabilities: Floats, labels: Floats, patients: ArrayLike, *, bins: int = BINS, draws: int = 1000, seed: int = 0
) -> tuple[Bin, ...]:
    """Bins of equal width that hold anything, of probabilities (N, C) and labels (N, C) in {1, 0, NaN}.

    Intervals are bootstrapped over patients (N,), since the findings of one patient's films are no independent pairs;
    over all patients alike, since to hold the number of positive ones would hold the share that is in question.
    """
    alike = np.zeros(len(labels), dtype=bool)
    known = ~np.isnan(probabilities) & ~np.isnan(labels)
    bin_of = np.where(known, np.minimum(np.nan_to_num(probabilities) * bins, bins - 1).astype(int), -1)
    made = []
    for number in np.unique(bin_of[known]):
        chosen = bin_of == number
        pairs, present = chosen.sum(axis=1), (chosen & (labels == 1)).sum(axis=1)  # (N,)
        drawn = bootstrap(partial(_shares, present, pairs), patients, alike, draws, (seed, int(number)))
        total, positives, mean = int(pairs.sum()), int(present.sum()), float(probabilities[chosen].mean())
        made.append(Bin(mean, positives / total, percentile_interval(drawn), total, positives))
    return tuple(made)


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64], weights: Floats) -> Floats:
    """Weights (N, R) -> (R,), NaN where a draw holds nothing."""
    total = whole @ weights
    shares: Floats = np.divide(part @ weights, total, out=np.full_like(total, np.nan), where=total > 0)
    return shares


def _fit_pooled(scores: Floats, labels: Floats) -> Platt:
    """One temperature and offset; the prevalence alone, at slope 0, where scores do not rise with findings."""
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    if min(positives, negatives) == 0:
        raise ScoresError("Nothing to calibrate: the validation films show every finding, or none.")
    slope, offset = _logistic(scores, labels)
    if slope <= 0:
        slope, offset = 0.0, math.log(positives / negatives)
    return Platt(slope, offset, positives, negatives)


def _fit_platt(scores: Floats, labels: Floats, min_per_class: int) -> Platt | str:
    """A fit, or why there is none."""
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    if min(positives, negatives) < min_per_class:
        return f"{positives} positive and {negatives} negative validation films, {min_per_class} of each are needed"
    slope, offset = _logistic(scores, labels)
    if slope <= 0:
        return "the score does not rise with the finding on validation films"
    return Platt(slope, offset, positives, negatives)


def _logistic(scores: Floats, labels: Floats) -> tuple[float, float]:
    """Slope and offset of an all but unregularised logistic regression; scores are standardised to fit well."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("Calibration", "scikit-learn", "calibration") from None
    mean, spread = float(scores.mean()), float(scores.std()) or 1.0
    fit = LogisticRegression(C=1e6).fit(((scores - mean) / spread)[:, None], labels)
    slope = float(fit.coef_[0, 0]) / spread
    return slope, float(fit.intercept_[0]) - slope * mean

"""Distance of an image from the calibration images, so that an image of another kind can be refused.

The model describes the appearance of each image by a vector. The appearances of the calibration images, scaled to unit
deviation, are modelled by a normal distribution with a few principal directions and one variance for all others
(probabilistic PCA, Tipping and Bishop 1999). The distance is the Mahalanobis distance. Only the distribution is stored,
no image. The threshold comes from folds by patient, because an image lies too close to a distribution fitted on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AliasChoices, Field

from radz.errors import MissingExtraError, ScoresError
from radz.metrics.ranking import Floats

DIRECTIONS = 16
KNOWN = 0.99
"""Share of images like the calibration images that are not refused."""
FOLDS = 5
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class OutOfDistribution:
    """Distribution of appearances, A numbers each, with R principal directions.

    mean, spread: (A,), centre and unit of each number. directions: (R, A), orthonormal in these units. variances: (R,)
    along the directions. rest: variance of every other direction. threshold: distance that a share ``known`` of new
    images of the same kind does not exceed. images: number of images it was fitted on.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    rest: float
    threshold: float
    known: float
    images: Annotated[int, Field(validation_alias=AliasChoices("images", "films"))]

    def distances(self, appearances: Floats) -> Floats:
        """Appearances (B, A) -> Mahalanobis distances (B,), at least 0."""
        centred = (np.asarray(appearances, dtype=np.float64) - np.array(self.mean)) / np.array(self.spread)
        along = centred @ np.array(self.directions).T  # (B, R)
        across = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distances: Floats = np.sqrt((along**2 / np.array(self.variances)).sum(axis=1) + across / self.rest)
        return distances


def fit_out_of_distribution(appearances: Floats, patients: ArrayLike, known: float = KNOWN) -> OutOfDistribution:
    """Fit on appearances (N, A) of validation images of patients (N,).

    The threshold is the ceil((N + 1) known)-th smallest distance. Raises ScoresError for too few images.
    """
    count = len(appearances)
    rank = math.ceil((count + 1) * known - 1e-9)
    if rank > count:
        raise ScoresError(
            f"{count} validation images are too few for the distance that {known:.0%} of images do not exceed: at "
            f"least {math.ceil(known / (1 - known) - 1e-9)} are needed. Calibrate on more images."
        )
    appearances = np.asarray(appearances, dtype=np.float64)
    threshold = float(np.sort(_held_out_distances(appearances, patients))[rank - 1])
    return replace(_distribution(appearances), threshold=threshold, known=known)


def _held_out_distances(appearances: Floats, patients: ArrayLike) -> Floats:
    """Distance of each image (N, A) from the images of patients (N,) in the other folds, (N,)."""
    fold = np.unique(np.asarray(patients), return_inverse=True)[1] % FOLDS
    distances = np.empty(len(appearances))
    for held in np.unique(fold):
        distances[fold == held] = _distribution(appearances[fold != held]).distances(appearances[fold == held])
    return distances


def _distribution(appearances: Floats) -> OutOfDistribution:
    """Distribution of appearances (N, A), without a threshold."""
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        raise MissingExtraError("Calibration", "scikit-learn", "calibration") from None
    spread = appearances.std(axis=0)
    if not spread.any():
        raise ScoresError(
            "All validation images have the same appearance, so no distance can be measured. "
            "Check that the images differ."
        )
    spread = np.where(spread > 0, spread, spread[spread > 0].min())
    count = min(DIRECTIONS, min(appearances.shape) // 2)
    fit = PCA(count, svd_solver="full").fit(appearances / spread)
    if not fit.noise_variance_ > _ROUNDING:
        raise ScoresError(
            f"The validation images vary in at most {count} directions: they are too similar. Calibrate on more images."
        )
    return OutOfDistribution(
        mean=_short(fit.mean_ * spread),
        spread=_short(spread),
        directions=tuple(map(_short, fit.components_)),
        variances=_short(fit.explained_variance_),
        rest=float(fit.noise_variance_),
        threshold=math.inf,
        known=0.0,
        images=len(appearances),
    )


def _short(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Values (R,) rounded to seven digits, the precision of float32 features."""
    return tuple(float(f"{value:.7g}") for value in values)

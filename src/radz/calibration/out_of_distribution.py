"""How far a film's look lies from those of the calibration films, so that a film of another kind can be refused.

A look is a row of numbers that the model gives with each film. Those of the calibration films, each number divided by
its deviation, are described by a normal distribution with a few principal directions and one variance for all others
(probabilistic PCA, Tipping and Bishop 1999); the distance is Mahalanobis's. Only the distribution is kept, no film.
Distances that set the threshold come from folds by patient, since a film looks near to a distribution fitted on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.errors import MissingExtraError, ScoresError
from radz.metrics.ranking import Floats

DIRECTIONS = 16
KNOWN = 0.99
"""Share of films of the calibration films' kind that are not refused."""
FOLDS = 5
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class OutOfDistribution:
    """mean and spread (E,), the unit of each number; in these units directions (R, E), orthonormal, with their
    variances (R,), and rest, the variance of each other direction.

    threshold: distance that a share ``known`` of new films of the same kind does not exceed. films: how many fitted it.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    rest: float
    threshold: float
    known: float
    films: int

    def distances(self, looks: Floats) -> Floats:
        """Looks (B, E) -> Mahalanobis distances (B,), at least 0."""
        centred = (np.asarray(looks, dtype=np.float64) - np.array(self.mean)) / np.array(self.spread)
        along = centred @ np.array(self.directions).T  # (B, R)
        across = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distances: Floats = np.sqrt((along**2 / np.array(self.variances)).sum(axis=1) + across / self.rest)
        return distances


def fit_out_of_distribution(looks: Floats, patients: ArrayLike, known: float = KNOWN) -> OutOfDistribution:
    """From looks (N, E) of validation films of patients (N,).

    The threshold is the ceil((N + 1) known)-th smallest distance. Raises ScoresError where films are too few for that.
    """
    films = len(looks)
    rank = math.ceil((films + 1) * known - 1e-9)
    if rank > films:
        raise ScoresError(
            f"{films} validation films cannot say which distance {known:.0%} of films keep: it takes at least "
            f"{math.ceil(known / (1 - known) - 1e-9)}. Calibrate on more films."
        )
    looks = np.asarray(looks, dtype=np.float64)
    threshold = float(np.sort(_held_out_distances(looks, patients))[rank - 1])
    return replace(_distribution(looks), threshold=threshold, known=known)


def _held_out_distances(looks: Floats, patients: ArrayLike) -> Floats:
    """Each film's distance from the films of other patients, (N,)."""
    fold = np.unique(np.asarray(patients), return_inverse=True)[1] % FOLDS
    distances = np.empty(len(looks))
    for held in np.unique(fold):
        distances[fold == held] = _distribution(looks[fold != held]).distances(looks[fold == held])
    return distances


def _distribution(looks: Floats) -> OutOfDistribution:
    """Where the films lie, without a threshold yet."""
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        raise MissingExtraError("Calibration", "scikit-learn", "calibration") from None
    spread = looks.std(axis=0)
    if not spread.any():
        raise ScoresError("The validation films look all the same: nothing tells which film is far.")
    spread = np.where(spread > 0, spread, spread[spread > 0].min())
    count = min(DIRECTIONS, min(looks.shape) // 2)
    fit = PCA(count, svd_solver="full").fit(looks / spread)
    if not fit.noise_variance_ > _ROUNDING:
        raise ScoresError(f"The validation films' looks vary in {count} directions at most: they are too alike.")
    return OutOfDistribution(
        mean=_short(fit.mean_ * spread),
        spread=_short(spread),
        directions=tuple(map(_short, fit.components_)),
        variances=_short(fit.explained_variance_),
        rest=float(fit.noise_variance_),
        threshold=math.inf,
        known=0.0,
        films=len(looks),
    )


def _short(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Seven digits: what float32 features hold."""
    return tuple(float(f"{value:.7g}") for value in values)

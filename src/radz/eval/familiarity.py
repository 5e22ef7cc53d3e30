"""How far a film's embedding lies from those of the calibration films, so that a film of another kind can be refused.

The films are described by a normal distribution with a few principal directions and one variance for all others
(probabilistic PCA, Tipping and Bishop 1999); the distance is Mahalanobis's. Only the distribution is kept, no film.
Distances that set the threshold come from folds by patient, since a film looks near to a distribution fitted on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radz.errors import MissingExtraError, ScoresError
from radz.eval.metrics import Floats

DIRECTIONS = 16
KNOWN = 0.99
"""Share of films of the calibration films' kind that are not refused."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Familiarity:
    """mean (E,); directions (R, E), orthonormal, with their variances (R,); rest: variance of each other direction.

    threshold: distance that a share ``known`` of new films of the same kind does not exceed. films: how many fitted it.
    """

    mean: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    rest: float
    threshold: float
    known: float
    films: int

    def distances(self, embeddings: Floats) -> Floats:
        """Embeddings (B, E) -> Mahalanobis distances (B,), at least 0."""
        centred = np.asarray(embeddings, dtype=np.float64) - np.array(self.mean)
        along = centred @ np.array(self.directions).T  # (B, R)
        across = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distances: Floats = np.sqrt((along**2 / np.array(self.variances)).sum(axis=1) + across / self.rest)
        return distances


def fit_familiarity(embeddings: Floats, patients: ArrayLike, known: float = KNOWN) -> Familiarity:
    """From embeddings (N, E) of validation films of patients (N,).

    The threshold is the ceil((N + 1) known)-th smallest distance. Raises ScoresError where films are too few for that.
    """
    films = len(embeddings)
    rank = math.ceil((films + 1) * known - 1e-9)
    if rank > films:
        raise ScoresError(
            f"{films} validation films cannot say which distance {known:.0%} of films keep: it takes at least "
            f"{math.ceil(known / (1 - known) - 1e-9)}. Calibrate on more films."
        )
    threshold = float(np.sort(_held_out_distances(embeddings, patients))[rank - 1])
    mean, directions, variances, rest = _distribution(embeddings)
    return Familiarity(_short(mean), tuple(map(_short, directions)), _short(variances), rest, threshold, known, films)


def _held_out_distances(embeddings: Floats, patients: ArrayLike) -> Floats:
    """Each film's distance from the films of other patients, (N,)."""
    fold = np.unique(np.asarray(patients), return_inverse=True)[1] % FOLDS
    distances = np.empty(len(embeddings))
    for held in np.unique(fold):
        mean, directions, variances, rest = _distribution(embeddings[fold != held])
        rows = tuple(map(tuple, directions.tolist()))
        fitted = Familiarity(tuple(mean.tolist()), rows, tuple(variances.tolist()), rest, 0.0, 0.0, 0)
        distances[fold == held] = fitted.distances(embeddings[fold == held])
    return distances


def _distribution(embeddings: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Mean (E,), directions (R, E), their variances (R,), the variance of the rest."""
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        raise MissingExtraError("Calibration", "scikit-learn", "calibration") from None
    if not np.var(embeddings, axis=0).sum() > 0:
        raise ScoresError("The validation films' embeddings are all equal: nothing tells which film is far.")
    count = min(DIRECTIONS, min(embeddings.shape) // 2)
    fit = PCA(count, svd_solver="full").fit(np.asarray(embeddings, dtype=np.float64))
    if not fit.noise_variance_ > 0:
        raise ScoresError(f"The validation films' embeddings vary in {count} directions at most: they are too alike.")
    return fit.mean_, fit.components_, fit.explained_variance_, float(fit.noise_variance_)


def _short(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Seven digits: what float32 features hold."""
    return tuple(float(f"{value:.7g}") for value in values)

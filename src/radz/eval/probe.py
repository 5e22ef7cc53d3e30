"""Linear probes: logistic regression on folds of patients, evaluated on the held-out fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from radz.errors import ScoresError
from radz.metrics.bootstrap import Difference, Statistic, bootstrap, paired_differences, percentile_interval
from radz.metrics.evaluation import Estimate
from radz.metrics.ranking import Floats, Ranking

PENALTY = 0.01
"""Inverse strength of the ridge on standardised features, fixed in advance: nothing is tuned."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Out-of-fold scores (K, N) of K probes of one label, and the fold (N,) in which each study was scored."""

    scores: Floats
    folds: NDArray[np.int64]


def probe(features: ArrayLike, labels: ArrayLike, patients: ArrayLike, *, folds: int = 5, seed: int = 0) -> Probe:
    """One probe per token: features (N, K, D), labels (N,) in {1, 0}, patients (N,). No patient is in two folds.

    Raises ScoresError if a class has fewer patients than there are folds.
    """
    x, y, groups = np.asarray(features, dtype=np.float64), np.asarray(labels, dtype=np.int64), np.asarray(patients)
    _require_enough(y, groups, folds)
    scores, fold = np.full((x.shape[1], len(y)), np.nan), np.zeros(len(y), dtype=np.int64)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(x, y, groups)):
        fold[test] = number
        for k in range(x.shape[1]):
            fitted = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000))
            scores[k, test] = fitted.fit(x[train, k], y[train]).decision_function(x[test, k])
    return Probe(scores, fold)


def mean_auroc(probed: Probe, labels: ArrayLike, tokens: Sequence[int], strata: ArrayLike) -> Statistic:
    """Mean over ``tokens`` of the AUROC over pairs of one fold and stratum, as a statistic of study weights (N, draws).

    labels, strata: (N,).
    """
    cells = [f"{fold}/{stratum}" for fold, stratum in zip(probed.folds, np.asarray(strata), strict=True)]
    rankings = [Ranking.of(probed.scores[k], labels, cells) for k in tokens]
    return lambda weights: np.mean([ranking.auroc(weights) for ranking in rankings], axis=0)[None]


def compare_roles(
    statistics: tuple[Statistic, Statistic], patients: ArrayLike, labels: ArrayLike, draws: int = 1000, seed: int = 0
) -> tuple[Estimate, Estimate, Difference]:
    """Two statistics and their difference, with 95 % intervals over the same draws; patients, labels: (N,)."""
    ones = np.ones((len(np.asarray(patients)), 1))
    first, second = (
        Estimate(float(s(ones)[0, 0]), percentile_interval(bootstrap(s, patients, labels, draws, seed)[0]))
        for s in statistics
    )
    (difference,) = paired_differences(*statistics, patients, labels, draws=draws, seed=seed)
    return first, second, difference


def _require_enough(labels: NDArray[np.int64], patients: NDArray[np.str_], folds: int) -> None:
    """Raise ScoresError if a class of labels (N,) has fewer patients (N,) than folds."""
    for label in (0, 1):
        count = len(np.unique(patients[labels == label]))
        if count < folds:
            raise ScoresError(
                f"A probe over {folds} folds of patients needs {folds} patients with label {label}, found {count}: "
                "take fewer folds, or leave this label out."
            )

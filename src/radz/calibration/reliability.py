"""How far stored calibration can be trusted on another split: nothing is fitted here.

Probabilities are judged by Brier score and calibration error before and after, refusal by what is left when the films
that lie farthest are left out, finding sets by the recall that they were to guarantee.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.conformal import recalls
from radz.calibration.platt import Bin, brier, expected_calibration_error, probability_bins
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoreMatrix, ScoresTable, UncertainPolicy, as_matrix

COVERAGES = (1.0, 0.99, 0.95, 0.9, 0.8, 0.5)
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Quality:
    """One way to make probabilities: expected calibration error and Brier score over all film-finding pairs."""

    name: str
    calibration_error: float
    brier: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Mean Brier score of the films that lie nearest to the calibration films, a share ``coverage`` of all."""

    coverage: float
    films: int
    risk: float


@dataclass(frozen=True, slots=True)
class SetRecall:
    """Mean share of a film's findings that its set holds, over films with any.

    low, high: 95 %, by Hoeffding's inequality for patients, so at any number of them. promised: by calibration.
    size: mean number of findings in a set, over all films, of ``findings``.
    """

    value: float
    low: float
    high: float
    films: int
    patients: int
    promised: float
    size: float
    findings: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """pairs: film-finding pairs with a label and a probability, ``positives`` of them present, of ``findings``.

    risk_coverage: from all films to the nearest half. aurc: mean risk over all coverages; ``risk`` without refusal.
    refused: films beyond the stored distance, of ``films``. bins: of the calibrated probabilities.
    """

    findings: tuple[str, ...]
    pairs: int
    positives: int
    qualities: tuple[Quality, ...]
    films: int
    risk_coverage: tuple[Coverage, ...]
    risk: float
    aurc: float
    refused: int
    set_recall: SetRecall | None
    bins: tuple[Bin, ...] = ()


def reliability(
    table: ScoresTable,
    stored: StoredCalibration,
    known: Collection[str],
    distances: Mapping[str, float],
    uncertain: UncertainPolicy = "ignore",
) -> Reliability:
    """Of the findings ``known``, whose anchors are those that were calibrated. distances: study id -> distance.

    Values are NaN where no film has a probability; without distances there is no row of coverage.
    """
    matrix = as_matrix(table, uncertain)
    columns = [j for j, concept in enumerate(matrix.concepts) if concept in known and concept in stored.platt]
    scores, labels = matrix.scores[:, columns], matrix.labels[:, columns]
    fits = [stored.platt[matrix.concepts[j]] for j in columns]
    platt = np.stack([fit.probability(x) for fit, x in zip(fits, scores.T, strict=True)], axis=1) if fits else scores
    prevalence = np.broadcast_to([fit.prevalence for fit in fits], scores.shape)
    ways = {
        "before: sigmoid(score)": expit(scores),
        "after: one temperature and offset": stored.pooled.probability(scores),
        "after: Platt per finding": platt,
        "no model: validation prevalence": prevalence,
    }
    judged = ~np.isnan(scores) & ~np.isnan(labels)
    curve = _risk_coverage(matrix, (platt - labels) ** 2, distances)
    threshold = stored.out_of_distribution.threshold if stored.out_of_distribution else math.inf
    return Reliability(
        findings=tuple(matrix.concepts[j] for j in columns),
        pairs=int(judged.sum()),
        positives=int((labels[judged] == 1).sum()),
        qualities=tuple(_quality(name, values[judged], labels[judged]) for name, values in ways.items()),
        films=len(matrix.studies),
        risk_coverage=tuple(_at(curve, share) for share in COVERAGES) if len(curve) else (),
        risk=float(curve[-1]) if len(curve) else math.nan,
        aurc=float(curve.mean()) if len(curve) else math.nan,
        refused=sum(distance > threshold for distance in distances.values()),
        set_recall=_set_recall(matrix, stored, known),
        bins=probability_bins(platt, labels, matrix.patients),
    )


def _quality(name: str, probabilities: Floats, labels: Floats) -> Quality:
    if not len(labels):
        return Quality(name, math.nan, math.nan)
    return Quality(name, expected_calibration_error(probabilities, labels), brier(probabilities, labels))


def _risk_coverage(matrix: ScoreMatrix, errors: Floats, distances: Mapping[str, float]) -> Floats:
    """Mean risk of the k nearest films, k = 1 .. films with a risk and a distance."""
    counted = ~np.isnan(errors)
    risks = np.divide(
        np.nansum(errors, axis=1), counted.sum(axis=1), out=np.full(len(errors), np.nan), where=counted.any(axis=1)
    )
    far = np.array([distances.get(str(study), math.nan) for study in matrix.studies])
    kept = ~np.isnan(risks) & ~np.isnan(far)
    ordered = risks[kept][np.argsort(far[kept], kind="stable")]
    curve: Floats = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return curve


def _at(curve: Floats, coverage: float) -> Coverage:
    films = max(1, round(coverage * len(curve)))
    return Coverage(coverage, films, float(curve[films - 1]))


def _set_recall(matrix: ScoreMatrix, stored: StoredCalibration, known: Collection[str]) -> SetRecall | None:
    columns = [j for j, concept in enumerate(matrix.concepts) if concept in known and concept in stored.texts]
    if stored.finding_set is None or not columns:
        return None
    scores, labels = matrix.scores[:, columns], matrix.labels[:, columns]
    shares = recalls(scores, labels, stored.finding_set.threshold)
    with_any = ~np.isnan(shares)
    if not with_any.any():
        return None
    films_of = np.unique(matrix.patients[with_any], return_counts=True)[1]
    value, half = float(shares[with_any].mean()), _half_width(films_of / with_any.sum())
    return SetRecall(
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        films=int(with_any.sum()),
        patients=len(films_of),
        promised=stored.finding_set.recall,
        size=float((scores >= stored.finding_set.threshold).sum(axis=1).mean()),
        findings=len(columns),
    )


def _half_width(weights: Floats) -> float:
    """Hoeffding: how near a mean of independent values in [0, 1] is to its expectation; weights (P,) of sum 1."""
    return math.sqrt(math.log(2 / (1 - LEVEL)) / 2 * float((weights**2).sum()))

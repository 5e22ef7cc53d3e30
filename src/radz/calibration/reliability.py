"""How well a stored calibration holds on another split. Nothing is fitted here.

Probabilities are assessed by Brier score and calibration error before and after, abstention by the error that remains
without the most distant images, finding sets by their recall.
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
from radz.metrics.score_matrix import ScoreMatrix, UncertainPolicy, as_matrix
from radz.metrics.scores_file import ScoresTable

COVERAGES = (1.0, 0.99, 0.95, 0.9, 0.8, 0.5)
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Quality:
    """Expected calibration error and Brier score of one kind of probability over all image-finding pairs."""

    name: str
    calibration_error: float
    brier: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Mean Brier score of the share ``coverage`` of images that lie closest to the calibration images."""

    coverage: float
    images: int
    risk: float


@dataclass(frozen=True, slots=True)
class SetRecall:
    """Mean share of the findings of an image that its set holds, over images with any.

    low, high: 95 % by Hoeffding's inequality over patients, valid for any number of them. promised: by calibration.
    size: mean number of findings in a set, of ``findings``, over all images.
    """

    value: float
    low: float
    high: float
    images: int
    patients: int
    promised: float
    size: float
    findings: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """pairs: image-finding pairs of ``findings`` with a label and a probability; ``positives`` of them are present.

    risk_coverage: from all images to the closest half. risk: without abstention. aurc: mean risk over all coverages.
    refused: images beyond the stored distance, of ``images``. bins: of the calibrated probabilities.
    """

    findings: tuple[str, ...]
    pairs: int
    positives: int
    qualities: tuple[Quality, ...]
    images: int
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
    """Assess the findings ``known``, whose anchors are the calibrated ones. distances: study id -> distance.

    Values are NaN where no image has a probability; without distances ``risk_coverage`` is empty.
    """
    matrix = as_matrix(table, uncertain)
    columns = [j for j, concept in enumerate(matrix.concepts) if concept in known and concept in stored.platt]
    scores, labels = matrix.scores[:, columns], matrix.labels[:, columns]
    fits = [stored.platt[matrix.concepts[j]] for j in columns]
    platt = np.stack([fit.probability(x) for fit, x in zip(fits, scores.T, strict=True)], axis=1) if fits else scores
    prevalence = np.broadcast_to([fit.prevalence for fit in fits], scores.shape)
    kinds = {
        "before: sigmoid(score)": expit(scores),
        "after: one temperature and offset": stored.pooled.probability(scores),
        "after: Platt per finding": platt,
        "no model: validation prevalence": prevalence,
    }
    known_pairs = ~np.isnan(scores) & ~np.isnan(labels)
    curve = _risk_coverage(matrix, (platt - labels) ** 2, distances)
    threshold = stored.out_of_distribution.threshold if stored.out_of_distribution else math.inf
    return Reliability(
        findings=tuple(matrix.concepts[j] for j in columns),
        pairs=int(known_pairs.sum()),
        positives=int((labels[known_pairs] == 1).sum()),
        qualities=tuple(_quality(name, values[known_pairs], labels[known_pairs]) for name, values in kinds.items()),
        images=len(matrix.studies),
        risk_coverage=tuple(_at(curve, share) for share in COVERAGES) if len(curve) else (),
        risk=float(curve[-1]) if len(curve) else math.nan,
        aurc=float(curve.mean()) if len(curve) else math.nan,
        refused=sum(distance > threshold for distance in distances.values()),
        set_recall=_set_recall(matrix, stored, known),
        bins=probability_bins(platt, labels, matrix.patients),
    )


def _quality(name: str, probabilities: Floats, labels: Floats) -> Quality:
    """Quality of probabilities (M,) for labels (M,) in {1, 0}; NaN for M = 0."""
    if not len(labels):
        return Quality(name, math.nan, math.nan)
    return Quality(name, expected_calibration_error(probabilities, labels), brier(probabilities, labels))


def _risk_coverage(matrix: ScoreMatrix, errors: Floats, distances: Mapping[str, float]) -> Floats:
    """Mean risk of the k closest images, (K,) for the K images with a risk and a distance; errors: (N, C)."""
    counted = ~np.isnan(errors)
    risks = np.divide(
        np.nansum(errors, axis=1), counted.sum(axis=1), out=np.full(len(errors), np.nan), where=counted.any(axis=1)
    )
    distance = np.array([distances.get(str(study), math.nan) for study in matrix.studies])
    both = ~np.isnan(risks) & ~np.isnan(distance)
    ordered = risks[both][np.argsort(distance[both], kind="stable")]
    curve: Floats = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return curve


def _at(curve: Floats, coverage: float) -> Coverage:
    """Point of the curve (K,) at a coverage."""
    images = max(1, round(coverage * len(curve)))
    return Coverage(coverage, images, float(curve[images - 1]))


def _set_recall(matrix: ScoreMatrix, stored: StoredCalibration, known: Collection[str]) -> SetRecall | None:
    """Recall of the stored finding sets; ``None`` without sets or without a present finding."""
    columns = [j for j, concept in enumerate(matrix.concepts) if concept in known and concept in stored.texts]
    if stored.finding_set is None or not columns:
        return None
    scores, labels = matrix.scores[:, columns], matrix.labels[:, columns]
    shares = recalls(scores, labels, stored.finding_set.threshold)
    with_any = ~np.isnan(shares)
    if not with_any.any():
        return None
    per_patient = np.unique(matrix.patients[with_any], return_counts=True)[1]
    value, half = float(shares[with_any].mean()), _half_width(per_patient / with_any.sum())
    return SetRecall(
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        images=int(with_any.sum()),
        patients=len(per_patient),
        promised=stored.finding_set.recall,
        size=float((scores >= stored.finding_set.threshold).sum(axis=1).mean()),
        findings=len(columns),
    )


def _half_width(weights: Floats) -> float:
    """Half width of Hoeffding's interval for a weighted mean of independent values in [0, 1]; weights (P,) of sum 1."""
    return math.sqrt(math.log(2 / (1 - LEVEL)) / 2 * float((weights**2).sum()))

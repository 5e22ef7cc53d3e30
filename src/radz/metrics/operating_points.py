"""F1, MCC, sensitivity, specificity and accuracy at a threshold, as statistics of study weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from radz.errors import UnknownNameError
from radz.metrics.bootstrap import Statistic
from radz.metrics.evaluation import Estimate, OperatingPoint, ThresholdSource
from radz.metrics.ranking import Floats

RATES = ("f1", "mcc", "sensitivity", "specificity", "accuracy")
Rule = Literal["f1", "mcc", "youden"]
RULES: tuple[Rule, ...] = ("f1", "mcc", "youden")


def best_threshold(scores: ArrayLike, labels: ArrayLike, rule: Rule = "f1") -> float:
    """The threshold that maximises ``rule`` over scores (N,) with labels (N,) in {1, 0, NaN}.

    A score at or above the threshold is positive. The threshold lies halfway to the next lower score; among equally
    good ones the highest is taken. NaN where a class is absent. Raises UnknownNameError for an unknown rule.
    """
    if rule not in RULES:
        raise UnknownNameError("threshold rule", rule, RULES)
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    known = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[known], y[known]
    if not (y == 1).any() or not (y == 0).any():
        return math.nan
    cuts, place = np.unique(-x, return_inverse=True)  # descending scores
    true = np.cumsum(np.bincount(place, weights=y))
    false = np.cumsum(np.bincount(place, weights=1 - y))
    best = int(np.argmax(_criterion(np.stack([true, false, true[-1] - true, false[-1] - false]), rule)))
    lower = -cuts[best + 1] if best + 1 < len(cuts) else -cuts[best]
    return float((-cuts[best] + lower) / 2)


def rates_at(scores: ArrayLike, labels: ArrayLike, threshold: float) -> Statistic:
    """Statistic of scores (N,) and labels (N,): weights (N, R) -> RATES (5, R), at a fixed threshold."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    called, scored = x >= threshold, ~np.isnan(x)
    cells = np.stack([called & (y == 1), called & (y == 0), ~called & (y == 1), ~called & (y == 0)]) & scored
    indicators = cells.astype(np.float64)  # (4, N)
    return lambda weights: rates(indicators @ weights)


def rates(counts: Floats) -> Floats:
    """RATES (5, ...) from counts (4, ...): true positives, false positives, false negatives, true negatives.

    NaN where a class is absent. As in scikit-learn, MCC is 0 where all studies are called the same.
    """
    tp, fp, fn, tn = counts
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    mcc = np.where(product > 0, _ratio(tp * tn - fp * fn, np.sqrt(product)), 0.0)
    both = (tp + fn > 0) & (tn + fp > 0)
    values: Floats = np.stack(
        [
            _ratio(2 * tp, 2 * tp + fp + fn),
            mcc,
            _ratio(tp, tp + fn),
            _ratio(tn, tn + fp),
            _ratio(tp + tn, tp + fp + fn + tn),
        ]
    )
    defined: Floats = np.where(both, values, np.nan)
    return defined


def mean_rates(parts: Sequence[Statistic]) -> Statistic:
    """Mean over the rates of several findings: weights (N, R) -> RATES (5, R)."""
    return lambda weights: np.mean([part(weights) for part in parts], axis=0)


def operating_points(
    points: Sequence[tuple[ThresholdSource, float, tuple[str, ...]]], estimates: Sequence[Estimate]
) -> tuple[OperatingPoint, ...]:
    """One operating point per (source, threshold, concepts), each with the next five ``estimates``, those of RATES."""
    starts = range(0, len(estimates), len(RATES))
    return tuple(
        OperatingPoint(source, threshold, concepts, **dict(zip(RATES, estimates[i : i + len(RATES)], strict=True)))
        for (source, threshold, concepts), i in zip(points, starts, strict=True)
    )


def oracle_thresholds(
    concepts: Sequence[str], scores: Floats, labels: Floats, rule: Rule = "f1"
) -> Mapping[str, float]:
    """The best threshold of each of C concepts on the evaluated studies themselves: scores (N, C), labels (N, C)."""
    return {concept: best_threshold(scores[:, j], labels[:, j], rule) for j, concept in enumerate(concepts)}


def _criterion(counts: Floats, rule: Rule) -> Floats:
    """The value of ``rule`` for counts (4, ...): (...)."""
    f1, mcc, sensitivity, specificity, _ = rates(counts)
    criteria: dict[Rule, Floats] = {"f1": f1, "mcc": mcc, "youden": sensitivity + specificity}
    return criteria[rule]


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part`` (...) / ``whole`` (...), NaN where ``whole`` is 0."""
    quotient: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return quotient

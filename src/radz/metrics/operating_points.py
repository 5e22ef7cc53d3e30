"""What a threshold makes of scores: F1, MCC, sensitivity, specificity and accuracy, as statistics of study weights."""

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
    """The threshold with the greatest value of ``rule`` over scores (N,) with labels (N,) in {1, 0, NaN}.

    A study is positive from the threshold on. It lies halfway to the next lower score; of equal values the highest
    threshold is taken. NaN where a class is absent. Raises UnknownNameError for another rule.
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
    """Statistic (N, R) -> (5, R) in the order of RATES, with the threshold held still."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    called, known = x >= threshold, ~np.isnan(x)
    cells = np.stack([called & (y == 1), called & (y == 0), ~called & (y == 1), ~called & (y == 0)]) & known
    chosen = cells.astype(np.float64)
    return lambda weights: rates(chosen @ weights)


def rates(counts: Floats) -> Floats:
    """Counts (4, ...) of true and false positives, false and true negatives -> RATES (5, ...).

    NaN where a class is absent. As in scikit-learn, MCC is 0 where everything is called alike.
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
    """Mean of several findings' rates: (N, R) -> (5, R)."""
    return lambda weights: np.mean([part(weights) for part in parts], axis=0)


def operating_point(
    source: ThresholdSource, threshold: float, concepts: Sequence[str], estimates: Sequence[Estimate]
) -> OperatingPoint:
    """The five estimates under their names."""
    return OperatingPoint(source, threshold, tuple(concepts), **dict(zip(RATES, estimates, strict=True)))


def oracle_thresholds(
    concepts: Sequence[str], scores: Floats, labels: Floats, rule: Rule = "f1"
) -> Mapping[str, float]:
    """The best threshold of each finding on the very studies that are evaluated: scores, labels (N, C)."""
    return {concept: best_threshold(scores[:, j], labels[:, j], rule) for j, concept in enumerate(concepts)}


def _criterion(counts: Floats, rule: Rule) -> Floats:
    f1, mcc, sensitivity, specificity, _ = rates(counts)
    criteria: dict[Rule, Floats] = {"f1": f1, "mcc": mcc, "youden": sensitivity + specificity}
    return criteria[rule]


def _ratio(part: Floats, whole: Floats) -> Floats:
    quotient: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return quotient

"""Rates at a threshold and the choice of a threshold, against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    matthews_corrcoef,
    precision_recall_curve,
    recall_score,
    roc_curve,
)

from radz.errors import UnknownNameError
from radz.metrics.bootstrap import Interval
from radz.metrics.evaluation import Estimate
from radz.metrics.operating_points import (
    RATES,
    best_threshold,
    mean_rates,
    operating_points,
    oracle_thresholds,
    rates,
    rates_at,
)

RNG = np.random.default_rng(0)
LABELS = (RNG.random(200) < 0.3).astype(float)
SCORES = np.round(RNG.normal(size=200) + LABELS, 1)


def test_rates_are_those_of_scikit_learn():
    called = SCORES >= 0.8
    expected = [
        f1_score(LABELS, called),
        matthews_corrcoef(LABELS, called),
        recall_score(LABELS, called),
        recall_score(LABELS, called, pos_label=0),
        accuracy_score(LABELS, called),
    ]
    values = rates_at(SCORES, LABELS, 0.8)(np.ones((200, 1)))[:, 0]
    assert values == pytest.approx(expected, abs=1e-12)
    weights = np.random.default_rng(1).integers(0, 4, 200).astype(float)
    drawn = np.repeat(np.arange(200), weights.astype(int))
    weighted = rates_at(SCORES, LABELS, 0.8)(weights[:, None])[:, 0]
    assert weighted[1] == pytest.approx(matthews_corrcoef(LABELS[drawn], called[drawn]))
    assert weighted[0] == pytest.approx(f1_score(LABELS[drawn], called[drawn]))


def test_edges_of_rates():
    assert rates(np.array([3.0, 5, 0, 0])).tolist() == pytest.approx([6 / 11, 0, 1, 0, 3 / 8]), "all called positive"
    assert np.isnan(rates(np.array([3.0, 0, 1, 0]))).all(), "no negative"
    without = rates_at([1.0, np.nan, 0.0], [1, 1, 0], 0.5)(np.ones((3, 1)))[:, 0]
    assert without.tolist() == [1, 1, 1, 1, 1], "a study without a score takes no part"


def test_the_best_threshold_is_that_of_scikit_learns_curves():
    precision, recall, cuts = precision_recall_curve(LABELS, SCORES)
    f1 = 2 * precision * recall / (precision + recall)
    cut = best_threshold(SCORES, LABELS, "f1")
    assert f1_score(LABELS, cut <= SCORES) == pytest.approx(f1.max(), abs=1e-12)
    false, true, _ = roc_curve(LABELS, SCORES)
    youden = best_threshold(SCORES, LABELS, "youden")
    called = youden <= SCORES
    reached = recall_score(LABELS, called) + recall_score(LABELS, called, pos_label=0) - 1
    assert reached == pytest.approx((true - false).max(), abs=1e-12)
    best = max(matthews_corrcoef(LABELS, cut <= SCORES) for cut in cuts)
    assert matthews_corrcoef(LABELS, best_threshold(SCORES, LABELS, "mcc") <= SCORES) == pytest.approx(best, abs=1e-12)


def test_a_threshold_lies_between_scores():
    assert best_threshold([0.0, 1.0, 2.0, 4.0], [0, 0, 1, 1]) == 1.5
    assert best_threshold([1.0, 1.0, np.nan, 9.0], [1, 0, 1, np.nan]) == 1.0
    assert math.isnan(best_threshold([1.0, 2.0], [1, 1]))
    with pytest.raises(UnknownNameError, match="Unknown threshold rule 'best'"):
        best_threshold([1.0], [1], "best")


def test_mean_rates_are_the_mean_of_each_rate():
    parts = [rates_at(SCORES, LABELS, cut) for cut in (0.2, 0.8)]
    weights = np.ones((200, 2))
    assert mean_rates(parts)(weights) == pytest.approx((parts[0](weights) + parts[1](weights)) / 2)


def test_oracle_thresholds_are_the_best_of_each_column():
    thresholds = oracle_thresholds(["a", "b"], np.stack([SCORES, -SCORES], axis=1), np.stack([LABELS] * 2, axis=1))
    assert thresholds == {"a": best_threshold(SCORES, LABELS), "b": best_threshold(-SCORES, LABELS)}


def test_estimates_are_dealt_to_operating_points_in_order():
    estimates = [Estimate(float(i), Interval(0, 1, 1, 0)) for i in range(2 * len(RATES))]
    first, second = operating_points([("validation", 0.3, ("a",)), ("oracle", math.nan, ("a", "b"))], estimates)
    assert (first.source, first.threshold, first.concepts) == ("validation", 0.3, ("a",))
    assert [getattr(first, rate).value for rate in RATES] == [0, 1, 2, 3, 4]
    assert (second.source, second.concepts) == ("oracle", ("a", "b"))
    assert [getattr(second, rate).value for rate in RATES] == [5, 6, 7, 8, 9]

"""DeLong against the paper's sums over pairs, written out; and with patients of several studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from radz.errors import ScoresError
from radz.metrics.delong import delong, delong_interval, delong_test


def reference(scores, labels):
    """AUROCs and covariance by the definition, O(m n): structural components from every pair."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels)
    positive, negative = scores[:, labels == 1], scores[:, labels == 0]
    m, n = positive.shape[1], negative.shape[1]
    v10, v01 = np.zeros((len(scores), m)), np.zeros((len(scores), n))
    for k in range(len(scores)):
        for i in range(m):
            for j in range(n):
                won = (positive[k, i] > negative[k, j]) + 0.5 * (positive[k, i] == negative[k, j])
                v10[k, i] += won / n
                v01[k, j] += won / m
    return v10.mean(axis=1), np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n


def simulated(seed, count=60, digits=1):
    """Two correlated models' scores with many ties."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.4).astype(float)
    shared = rng.normal(size=count)
    return np.stack([np.round(shared + rng.normal(size=count) + labels * s, digits) for s in (1.0, 0.6)]), labels


@pytest.mark.parametrize("seed", range(5))
def test_values_and_covariance_are_those_of_the_definition(seed):
    scores, labels = simulated(seed)
    values, covariance = delong(scores, labels)
    expected, expected_covariance = reference(scores, labels)
    assert values == pytest.approx(expected, abs=1e-12)
    assert values == pytest.approx([roc_auc_score(labels, row) for row in scores], abs=1e-12)
    assert covariance == pytest.approx(expected_covariance, abs=1e-12)


def test_interval_and_test_follow_from_them():
    scores, labels = simulated(1)
    values, covariance = reference(scores, labels)
    interval = delong_interval(scores[0], labels)
    assert interval.standard_error == pytest.approx(math.sqrt(covariance[0, 0]))
    assert interval.low == pytest.approx(values[0] - 1.959964 * interval.standard_error, abs=1e-6)
    test = delong_test(scores[0], scores[1], labels)
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert test.z == pytest.approx((values[0] - values[1]) / error)
    assert test.p_value == pytest.approx(2 * norm.cdf(-abs(test.z)))
    mirrored = delong_test(scores[1], scores[0], labels)
    assert (mirrored.z, mirrored.p_value) == (-test.z, test.p_value)


def test_studies_without_a_label_or_a_score_take_no_part():
    scores, labels = simulated(2)
    more = np.concatenate([scores, [[5.0, np.nan], [5.0, 5.0]]], axis=1)
    values, covariance = delong(more, [*labels, np.nan, 1.0])
    assert values == pytest.approx(delong(scores, labels)[0])
    assert covariance == pytest.approx(delong(scores, labels)[1])


def test_each_study_five_times_says_no_more_than_once():
    scores, labels = simulated(3, digits=6)
    repeated, known = np.repeat(scores[0], 5), np.repeat(labels, 5)
    once, kept = delong_interval(scores[0], labels), delong_interval(repeated, known, np.repeat(np.arange(60), 5))
    assert kept.value == pytest.approx(once.value)
    assert kept.standard_error == pytest.approx(once.standard_error, rel=1e-9)
    assert delong_interval(repeated, known).standard_error < 0.5 * once.standard_error


def test_the_interval_covers_where_studies_of_a_patient_depend_on_each_other():
    truth, covered = 0.7602, 0  # Phi(1 / sqrt 2): two normals of unit variance one apart
    for seed in range(200):
        rng = np.random.default_rng(seed)
        patients = np.repeat(np.arange(60), 3)
        labels = (rng.random(180) < 0.5).astype(float)
        scores = math.sqrt(0.8) * rng.normal(size=60)[patients] + math.sqrt(0.2) * rng.normal(size=180) + labels
        interval = delong_interval(scores, labels, patients)
        covered += interval.low <= truth <= interval.high
    assert 0.90 <= covered / 200 <= 0.99


def test_models_that_rank_alike_do_not_differ():
    scores, labels = simulated(4)
    test = delong_test(scores[0], np.exp(scores[0]), labels)
    assert (test.difference, test.z, test.p_value) == (0, 0, 1)


def test_without_both_classes_there_is_nothing():
    interval = delong_interval([1, 2], [1, 1])
    assert math.isnan(interval.value)
    assert math.isnan(interval.low)
    one_patient = delong_interval([2, 1, 0], [1, 0, 0], ["a", "b", "c"])
    assert one_patient.value == 1
    assert math.isnan(one_patient.standard_error), "one positive patient has no variance"
    with pytest.raises(ScoresError, match=r"Scores \(3,\), labels \(2,\) .* of one length"):
        delong_interval([1, 2, 3], [1, 0])

"""Intervals: determinism, coverage on a simulation, patients kept together, p-values."""

from __future__ import annotations

import numpy as np
import pytest

from radz.errors import ScoresError
from radz.metrics.bootstrap import (
    bootstrap,
    holm,
    paired_differences,
    patient_weights,
    percentile_interval,
    two_sided_p,
)
from radz.metrics.ranking import Ranking


def simulated(seed: int, count: int = 150, shift: float = 1.0):
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) < count // 3).astype(float)
    return rng.normal(size=count) + shift * labels, labels


def test_a_draw_takes_patients_and_keeps_both_groups_whole():
    patients = np.repeat(np.arange(40), 3)
    positive = np.zeros(120, dtype=bool)
    positive[[0, 1, 30]] = True  # patients 0 and 10
    weights = np.concatenate([*patient_weights(patients, positive, 130, 0)], axis=1)
    assert weights.shape == (120, 130)
    by_patient = weights.reshape(40, 3, 130)
    assert (by_patient == by_patient[:, :1]).all(), "the studies of a patient are drawn together"
    assert (by_patient[[0, 10], 0].sum(axis=0) == 2).all()
    assert (by_patient[:, 0].sum(axis=0) == 40).all()


def test_draws_are_a_function_of_the_seed():
    patients, positive = np.arange(30), np.arange(30) < 5
    first, again, other = (np.concatenate([*patient_weights(patients, positive, 60, s)], axis=1) for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_expected_weight_is_one():
    weights = np.concatenate([*patient_weights(np.arange(20), np.arange(20) < 6, 5000, 0)], axis=1)
    assert np.abs(weights.mean(axis=1) - 1).max() < 0.06  # measured 0.027; standard error 0.014


def test_interval_covers_the_true_value_as_often_as_it_says():
    truth = 0.7602  # Phi(1 / sqrt 2): AUROC of two normals one s.d. apart
    covered = 0
    for seed in range(200):
        scores, labels = simulated(seed)
        drawn = bootstrap(Ranking.of(scores, labels).auroc, np.arange(150), labels == 1, 300, seed)
        interval = percentile_interval(drawn)
        covered += interval.low <= truth <= interval.high
    assert 0.90 <= covered / 200 <= 0.99  # measured 0.93; standard error 0.016


def test_interval_of_studies_that_repeat_is_wider_than_if_they_were_patients():
    scores, labels = simulated(0, 60)
    repeated, known = np.repeat(scores, 5), np.repeat(labels, 5)
    ranking = Ranking.of(repeated, known)
    widths = []
    for patients in (np.repeat(np.arange(60), 5), np.arange(300)):
        interval = percentile_interval(bootstrap(ranking.auroc, patients, known == 1, 500, 0))
        widths.append(interval.high - interval.low)
    assert widths[0] == pytest.approx(widths[1] * np.sqrt(5), rel=0.15)  # measured 0.4 % apart


def test_undefined_draws_are_dropped_and_counted():
    interval = percentile_interval(np.array([0.1, np.nan, 0.2, np.nan]))
    assert (interval.draws, interval.dropped) == (4, 2)
    assert 0.1 <= interval.low < interval.high <= 0.2
    nothing = percentile_interval(np.full(3, np.nan))
    assert nothing.dropped == 3
    assert np.isnan(nothing.low)
    assert np.isnan(nothing.high)


def test_a_rare_comparison_is_dropped_in_some_draws():
    labels = np.array([1.0, 0.0, 0.0, 0.0])  # the one negative of stratum "a" is often not drawn
    ranking = Ranking.of([2, 1, 3, 4], labels, ["a", "a", "b", "b"])
    interval = percentile_interval(bootstrap(ranking.auroc, np.arange(4), labels == 1, 1000, 0))
    assert interval.dropped / 1000 == pytest.approx((2 / 3) ** 3, abs=0.05)  # measured 0.022 apart


def difference_of(first, second, labels, seed=0):
    a, b = (Ranking.of(scores, labels) for scores in (first, second))
    statistics = [lambda w, r=ranking: r.auroc(w)[None] for ranking in (a, b)]
    return paired_differences(*statistics, np.arange(len(labels)), labels == 1, draws=500, seed=seed)[0]


def test_a_model_does_not_differ_from_itself():
    scores, labels = simulated(0)
    difference = difference_of(scores, scores, labels)
    assert (difference.value, difference.interval.low, difference.interval.high) == (0, 0, 0)
    assert difference.p_value == 1


def test_a_better_model_is_found_and_sides_mirror():
    scores, labels = simulated(0)
    noise = np.random.default_rng(9).normal(size=len(labels))
    better, worse = difference_of(scores, noise, labels), difference_of(noise, scores, labels)
    assert better.interval.low > 0
    assert better.p_value < 0.01
    assert worse.value == -better.value
    assert worse.p_value == better.p_value


def test_equal_models_are_seldom_called_different():
    called = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        labels = (np.arange(90) < 30).astype(float)
        first, second = (rng.normal(size=90) + labels for _ in range(2))
        a, b = (Ranking.of(scores, labels) for scores in (first, second))
        drawn = bootstrap(lambda w, a=a, b=b: a.auroc(w) - b.auroc(w), np.arange(90), labels == 1, 200, seed)
        called += two_sided_p(drawn) < 0.05
    assert called <= 12  # measured 9; expected 5, standard deviation 2.2


def test_p_values():
    assert two_sided_p(np.array([1.0] * 99)) == pytest.approx(2 / 100)
    assert two_sided_p(np.array([-1.0, 1.0])) == 1.0
    assert np.isnan(two_sided_p(np.array([np.nan])))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, np.nan, 0.9])[[0, 2]] == pytest.approx([1.0, 1.0])
    assert np.isnan(holm([0.5, np.nan])[1])
    assert len(holm([])) == 0


def test_no_draws_is_refused():
    with pytest.raises(ScoresError, match="at least 1 draw, got 0"):
        bootstrap(lambda w: w[0], [1], [True], 0, 0)

"""Ranking inside a study: hit rates, label ranking average precision, and the lists that know nothing of the image."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from radz.metrics.image_ranking import CONSTANT, METRICS, RANDOM, random_values, rank_findings, ranking_values
from radz.metrics.score_matrix import ScoreMatrix

NAMES = ("a", "b", "c", "d", "e", "f")


def matrix(labels, scores=None, patients=None) -> ScoreMatrix:
    labels = np.asarray(labels, dtype=float)
    ids = np.array([f"s{i:04d}" for i in range(len(labels))])
    return ScoreMatrix(
        studies=ids,
        patients=ids if patients is None else np.asarray(patients),
        strata=np.full(len(labels), ""),
        concepts=NAMES[: labels.shape[1]],
        scores=np.zeros(labels.shape) if scores is None else np.asarray(scores, dtype=float),
        labels=labels,
        abnormal=(labels == 1).any(axis=1),
    )


def evaluated(each: ScoreMatrix, frequency=None, **settings):
    return rank_findings(each, {"raw score": each.scores}, frequency or {}, "a training", draws=50, **settings)


def values_of(rankings, name):
    (ranking,) = [ranking for ranking in rankings.rankings if ranking.name == name]
    return {metric: estimate.value for metric, estimate in ranking.estimates.items()}


def test_a_present_finding_counts_from_its_row_on():
    scores = np.tile([6.0, 5, 4, 3, 2, 1], (3, 1))
    present = np.array([[1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 1]], dtype=bool)
    values = ranking_values(scores, present, np.ones_like(present))
    assert values[:, :3].tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 0]]
    assert values[:, 3] == pytest.approx([1, (1 / 3 + 2 / 6) / 2, 1 / 6])


def test_precision_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    scores, present = rng.integers(0, 5, (40, 6)).astype(float), rng.random((40, 6)) < 0.4
    present[:, 0] |= ~present.any(axis=1)
    values = ranking_values(scores, present, np.ones_like(present))[:, 3]
    assert values.mean() == pytest.approx(label_ranking_average_precision_score(present, scores), abs=1e-12)


def test_ties_count_as_a_random_order_of_them():
    present = np.array([[False, True, False, True]])
    values = ranking_values(np.array([[9.0, 1, 1, 0]]), present, np.ones_like(present))[0]
    assert values[0] == 0
    assert values[1] == 1, "three rows hold both tied findings"
    tied = ranking_values(np.array([[9.0, 9, 1, 0]]), present, np.ones_like(present))[0]
    assert tied[0] == pytest.approx(0.5)


@pytest.mark.parametrize("positives", [1, 2, 4])
def test_random_order_is_the_mean_over_all_orders(positives):
    present = np.arange(5)[None] < positives
    known = np.ones_like(present)
    orders = np.array([*permutations(range(5))], dtype=float)
    every = ranking_values(orders, np.repeat(present, len(orders), 0), np.repeat(known, len(orders), 0)).mean(axis=0)
    assert random_values(present, known)[0] == pytest.approx(every, abs=1e-12)


def test_a_finding_without_a_label_or_a_score_leaves_the_list():
    nan = np.nan
    labels = [[nan, 0, 1, 0], [0, 0, 1, 0]]
    scores = [[9.0, 1, 5, 2], [nan, 1, 5, 2]]
    assert values_of(evaluated(matrix(labels, scores)), "raw score")["hit_1"] == 1
    assert values_of(evaluated(matrix(labels, scores)), RANDOM)["hit_1"] == pytest.approx(1 / 3)


def test_the_constant_list_follows_the_frequency_elsewhere():
    labels = [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]]
    result = evaluated(matrix(labels, np.array(labels) * 1.0), {"b": 7, "a": 3})
    assert result.constant == ("b", "a", "c")
    assert (result.studies, result.present, result.frequency_of) == (3, 1.0, "a training")
    assert values_of(result, CONSTANT)["hit_1"] == pytest.approx(2 / 3)
    assert values_of(result, "raw score") == dict.fromkeys(METRICS, 1.0)
    gains = {ranking.name: ranking.gains for ranking in result.rankings}
    assert gains["raw score"]["hit_1"].value == pytest.approx(1 / 3)
    assert gains[CONSTANT] == {}


def test_without_frequencies_there_is_no_constant_list_and_no_gain():
    result = evaluated(matrix([[1, 0], [0, 1]], [[1, 0], [0, 1]]))
    assert [ranking.name for ranking in result.rankings] == ["raw score", RANDOM]
    assert result.constant == ()
    assert not any(ranking.gains for ranking in result.rankings)


@pytest.mark.parametrize("labels", [[[1], [0]], [[0, 0], [0, 0]]])
def test_nothing_is_ranked_without_two_findings_or_a_present_one(labels):
    assert evaluated(matrix(labels)) is None


def test_intervals_are_over_patients():
    rng = np.random.default_rng(0)
    labels = np.eye(4)[rng.integers(0, 4, 40)]
    scores = labels + rng.normal(size=labels.shape)
    one = evaluated(matrix(labels, scores))
    repeated = evaluated(matrix(np.repeat(labels, 9, 0), np.repeat(scores, 9, 0), np.repeat(np.arange(40), 9)))
    first, second = (ranking.rankings[0].estimates["hit_1"] for ranking in (one, repeated))
    assert first.interval == second.interval, "nine images of a patient are one patient"
    assert first.interval.low < first.value < first.interval.high

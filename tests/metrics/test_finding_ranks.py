"""Findings ranked once, and their metrics as statistics of study weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eval_fakes import make_table
from radz.metrics.finding_ranks import (
    METRICS,
    abnormal_labels,
    any_positive,
    estimates,
    included,
    included_abnormal,
    macro,
    macro_and_findings,
    rank_all,
    rank_finding,
    stacked,
    why_left_out,
)
from radz.metrics.ranking import auroc, average_precision, within_strata_auroc
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresTable

N = 60
STRATA = np.arange(N) % 3


@pytest.fixture(scope="module")
def matrix():
    """Mass: every second study. Nodule: the first four, all in strata with negatives."""
    rng = np.random.default_rng(0)
    labels = {"mass": (np.arange(N) % 2).astype(float), "nodule": (np.arange(N) < 4).astype(float)}
    tables = [make_table(rng.normal(size=N) + y, y, strata=STRATA, concept=c) for c, y in labels.items()]
    return as_matrix(ScoresTable(pd.concat([t.rows for t in tables]), tables[0].provenance))


def test_metrics_of_a_finding_are_in_the_order_of_their_names(matrix):
    ranks = rank_finding(matrix, 0)
    values = dict(zip(METRICS, ranks.metrics(np.ones((N, 1)))[:, 0], strict=True))
    scores, labels = matrix.scores[:, 0], matrix.labels[:, 0]
    assert values["auroc_within"] == within_strata_auroc(scores, labels, STRATA)
    assert values["auroc_pooled"] == auroc(scores, labels)
    against_abnormal = np.where((labels == 0) & (matrix.labels[:, 1] != 1), np.nan, labels)
    assert values["auroc_abnormal"] == within_strata_auroc(scores, against_abnormal, STRATA)
    assert values["average_precision"] == average_precision(scores, labels)


def test_a_finding_with_few_comparable_positives_is_left_out(matrix):
    ranks = rank_all(matrix)
    assert [finding.concept for finding in included(ranks, 10)] == ["mass"]
    assert [finding.concept for finding in included(ranks, 4)] == ["mass", "nodule"]
    assert why_left_out(ranks[1], 10) == "4 of 4 positives share a stratum with a negative, fewer than 10"
    assert why_left_out(ranks[1], 4) == ""


def test_negatives_without_any_finding_are_unknown_for_the_abnormal_auroc():
    labels = np.array([1.0, 0.0, 0.0, np.nan, 1.0])
    abnormal = np.array([True, True, False, True, True])
    np.testing.assert_array_equal(abnormal_labels(labels, abnormal), [1, 0, np.nan, np.nan, 1])


def test_a_finding_with_few_positives_comparable_with_abnormal_negatives_is_left_out_of_that_mean_alone(matrix):
    ranks = rank_all(matrix)
    # mass: the negatives that show a nodule are studies 0 and 2, of strata 0 and 2 with 20 masses
    assert [(finding.abnormal.comparable, finding.abnormal.negatives) for finding in ranks] == [(20, 2), (4, 28)]
    assert [finding.concept for finding in included_abnormal(ranks, 10)] == ["mass"]
    ones = np.ones((N, 1))
    each = np.stack([finding.metrics(ones) for finding in ranks])[:, :, 0]
    within, abnormal, pooled, precision = macro(ranks, 10)(ones)[:, 0]
    assert [within, pooled, precision] == pytest.approx(each.mean(axis=0)[[0, 2, 3]])
    assert abnormal == each[0, METRICS.index("auroc_abnormal")]
    assert np.isnan(macro(ranks, 21)(ones)[METRICS.index("auroc_abnormal")])


def test_macro_is_the_mean_over_findings_and_both_aurocs_of_each_follow(matrix):
    ranks, ones = rank_all(matrix), np.ones((N, 1))
    each = np.stack([finding.metrics(ones) for finding in ranks])
    assert macro(ranks, 1)(ones) == pytest.approx(each.mean(axis=0))
    rows = macro_and_findings(ranks, 1)(ones)
    assert rows[: len(METRICS)] == pytest.approx(each.mean(axis=0))
    assert rows[len(METRICS) :] == pytest.approx(np.concatenate([each[:, 0], each[:, 1]]))
    assert np.isnan(macro([], 1)(np.ones((N, 2)))).all()


def test_a_draw_without_a_positive_of_one_finding_is_undefined(matrix):
    weights = np.ones((N, 2))
    weights[:4, 1] = 0
    assert np.isnan(macro(rank_all(matrix), 1)(weights)).any(axis=0).tolist() == [False, True]


def test_studies_that_show_any_of_the_findings(matrix):
    ranks = rank_all(matrix)
    assert any_positive(N, ranks).tolist() == [i % 2 == 1 or i < 4 for i in range(N)]
    assert not any_positive(N, []).any()


def test_estimates_have_the_value_of_all_studies_and_an_interval(matrix):
    ranks = rank_all(matrix)
    statistic = stacked([ranks[0].metrics, ranks[1].metrics])
    rows = estimates(statistic, matrix.patients, ranks[0].positive, 40, 0)
    assert [row.value for row in rows] == statistic(np.ones((N, 1)))[:, 0].tolist()
    assert all(row.interval.draws == 40 for row in rows)
    assert rows[0].interval.low < rows[0].value < rows[0].interval.high

"""The order in which findings are shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration_fakes import by_hand
from eval_fakes import make_table
from radz.calibration.order import order_keys, stored_percentiles, stored_probabilities
from radz.metrics.score_matrix import as_matrix, join_findings
from reference_fakes import reference

NAN = np.nan


def test_probabilities_come_first_and_the_rest_by_the_other_values():
    keys = order_keys(np.array([[0.1, NAN, 0.7, NAN, NAN]]), np.array([[9.0, 3.0, -9.0, 8.0, NAN]]))
    assert np.argsort(-keys[0]).tolist() == [2, 0, 3, 1, 4]


def test_a_probability_of_zero_is_above_findings_without_one():
    keys = order_keys(np.array([[0.0, NAN]]), np.array([[-1.0, 1.0]]))
    assert keys[0, 0] > keys[0, 1]


def test_equal_values_have_equal_keys():
    keys = order_keys(np.full((1, 3), NAN), np.array([[2.0, 1.0, 2.0]]))
    assert keys[0, 0] == keys[0, 2] > keys[0, 1]


def test_only_calibrated_findings_have_a_probability():
    scores = np.array([-1.0, 0.0, 1.0])
    table = join_findings([make_table(scores, np.ones(3), concept=concept) for concept in ("effusion", "mass")])
    values = stored_probabilities(as_matrix(table), by_hand())
    assert values[:, 0] == pytest.approx(1 / (1 + np.exp(-3 * scores)))
    assert np.isnan(values[:, 1]).all()
    unknown = stored_probabilities(as_matrix(table), by_hand(texts={"mass": ""}))
    assert np.isnan(unknown).all(), "not the calibrated anchor"


def test_percentiles_are_by_the_view_of_each_study():
    tables = [make_table(np.array([0.5, 10.5, 0.5, 0.5]), np.ones(4), concept=concept) for concept in ("mass", "edema")]
    table = join_findings(tables)
    views = dict(zip(table.rows["study"].unique(), ("AP", "PA", "", "LL"), strict=True))
    matrix = as_matrix(replace(table, rows=table.rows.assign(view=table.rows["study"].map(views))))
    edema, mass = stored_percentiles(matrix, reference()).T
    assert mass[:3] == pytest.approx([0.5, 0.5, 0.25], abs=0.01)
    assert np.isnan(mass[3]), "no reference images of this view"
    assert np.isnan(edema).all(), "no reference images of this finding"

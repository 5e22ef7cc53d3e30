"""The order in which findings are shown."""

from __future__ import annotations

import numpy as np
import pytest

from calibration_fakes import by_hand
from eval_fakes import make_table
from radz.calibration.order import order_keys, stored_probabilities
from radz.metrics.score_matrix import as_matrix, join_findings

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

"""Curves of findings: their areas are the numbers beside them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from eval_fakes import make_table
from radz.metrics.curves import POINTS, finding_curves, precision_recall, roc, roc_within
from radz.metrics.ranking import within_strata_auroc

PARITY = 1e-12  # measured: at most 4e-16


def simulated(seed: int, count: int = 300, ties: bool = True):
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=count), (rng.random(count) < 0.2).astype(float)
    return scores.round(1) if ties else scores, labels, rng.integers(5, size=count)


@pytest.mark.parametrize("ties", [True, False])
def test_roc_and_precision_are_scikit_learns(ties):
    scores, labels, _ = simulated(0, ties=ties)
    x, y = roc(scores, labels)
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose([x, y], [false, true], atol=PARITY)
    recall, precision = precision_recall(scores, labels)
    assert (np.diff(recall) @ precision[1:]) == pytest.approx(average_precision_score(labels, scores), abs=PARITY)
    all_precisions = precision_recall_curve(labels, scores)[0]
    assert set(precision.round(9)) <= set(all_precisions.round(9))


@pytest.mark.parametrize("seed", range(4))
def test_area_of_the_mean_curve_is_the_auroc_within_strata(seed):
    scores, labels, strata = simulated(seed, 120)
    x, y = roc_within(scores, labels, strata)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= -PARITY).all()
    assert np.trapezoid(y, x) == pytest.approx(within_strata_auroc(scores, labels, strata), abs=PARITY)
    assert (x[0], y[0], x[-1], y[-1]) == pytest.approx((0, 0, 1, 1))


def test_mean_curve_by_hand():
    # a: one pair, won. b: two pairs of one positive and two negatives, the positive between them.
    scores, labels = [2, 1, 3, 2, 1], [1, 0, 0, 1, 0]
    x, y = roc_within(scores, labels, ["a", "a", "b", "b", "b"])
    np.testing.assert_allclose(x, [0, 0, 0.5, 0.5, 1, 1])
    np.testing.assert_allclose(y, [0, 1 / 3, 1 / 3, 1, 1, 1])


def test_a_finding_without_both_classes_has_no_curve():
    curves = finding_curves(make_table([1.0, 2.0, 3.0], [1, 1, np.nan]))["effusion"]
    assert (curves.positives, curves.negatives, curves.comparable) == (2, 0, 0)
    assert curves.roc_within.x == curves.roc_pooled.x == curves.precision_recall.x == ()
    assert np.isnan([*curves.sensitivities, *curves.precisions]).all()


def test_readings_and_thinning():
    scores = np.arange(4000.0)
    labels = (np.arange(4000) % 2).astype(float)
    labels[:2000] = 0
    curves = finding_curves(make_table(scores, labels))["effusion"]
    assert len(curves.roc_pooled.x) <= POINTS
    assert (curves.roc_pooled.x[-1], curves.roc_pooled.y[-1]) == (1, 1)
    assert curves.sensitivities == pytest.approx((0.15, 0.3, 0.6, 1.0), abs=2e-3), (
        "2,000 of 3,000 negatives are below all positives"
    )
    assert curves.precisions == pytest.approx((0.5, 0.5, 0.5), abs=0.01)
    assert curves.comparable == curves.positives == 1000

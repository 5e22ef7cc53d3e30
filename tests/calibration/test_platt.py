"""Probabilities from validation scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss

from eval_fakes import make_table
from radz.calibration.platt import brier, expected_calibration_error, fit_platt_scaling, probability_bins
from radz.errors import LeakageError, ScoresError
from radz.metrics.scores_file import ScoresTable


def validation(scores, labels) -> ScoresTable:
    table = make_table(scores, labels)
    return replace(table, provenance=replace(table.provenance, split="val"))


def test_platt_by_hand():
    # two scores: 1 in 4 positive at 0 and 3 in 4 at 1, so the logits are -log 3 and log 3
    scores = np.repeat([0.0, 1.0], 40)
    labels = np.concatenate([np.tile([1.0, 0, 0, 0], 10), np.tile([1.0, 1, 1, 0], 10)])
    fit = fit_platt_scaling(validation(scores, labels)).by_concept["effusion"]
    assert (fit.slope, fit.offset) == pytest.approx((2 * np.log(3), -np.log(3)), abs=2e-3)  # measured 8e-4
    assert (fit.positives, fit.negatives, fit.prevalence) == (40, 40, 0.5)
    np.testing.assert_allclose(fit.probability(np.array([0.0, 1.0])), [0.25, 0.75], atol=1e-3)  # measured 7e-5


def test_one_temperature_and_offset_by_hand():
    # logits log 1/3 at -1 and log 3 at 1
    scores, labels = np.repeat([-1.0, 1.0], 40), np.tile([1.0, 0, 0, 0], 10)
    pooled = fit_platt_scaling(validation(scores, np.concatenate([labels, 1 - labels]))).pooled
    assert pooled.temperature == pytest.approx(1 / np.log(3), rel=1e-3)
    assert pooled.offset == pytest.approx(0, abs=1e-6)


def test_rare_findings_bring_the_offset_down_and_falling_scores_leave_the_prevalence():
    labels = np.tile([1.0] + [0.0] * 9, 40)
    rare = fit_platt_scaling(validation(np.random.default_rng(0).normal(size=400), labels)).pooled
    assert rare.probability(np.zeros(1))[0] == pytest.approx(0.1, abs=0.01)
    falling = fit_platt_scaling(validation(np.arange(400.0), np.repeat([1.0, 0.0], [40, 360]))).pooled
    assert falling.temperature == np.inf
    assert falling.probability(np.array([0.0, 399.0])) == pytest.approx(0.1)


@pytest.mark.parametrize("split", ["test", "train", ""])
def test_only_validation_scores_calibrate(split):
    table = validation(np.zeros(4), np.zeros(4))
    with pytest.raises(LeakageError, match=f"split '{split}' cannot calibrate 'fake', only those of split 'val'"):
        fit_platt_scaling(replace(table, provenance=replace(table.provenance, split=split)))


def test_few_positives_or_a_falling_score_give_a_reason():
    labels = np.array([1.0] * 19 + [0.0] * 60)
    few = fit_platt_scaling(validation(np.arange(79.0), labels))
    assert few.refused == {"effusion": "19 positive and 60 negative validation images, 20 of each are needed"}
    falling = fit_platt_scaling(validation(np.arange(40.0), np.repeat([1.0, 0.0], 20)))
    assert falling.refused == {"effusion": "the score does not rise with the finding on validation images"}
    assert not falling.by_concept


def test_uncertain_labels_take_no_part():
    labels = np.concatenate([np.tile([1.0, 0.0], 30), np.full(20, np.nan)])
    scores = np.random.default_rng(0).normal(size=80) + np.nan_to_num(labels)
    both, known = (fit_platt_scaling(validation(scores[:n], labels[:n])) for n in (80, 60))
    assert both == known


def test_brier_is_sklearns_and_calibration_error_by_hand():
    p, y = np.random.default_rng(0).random(50), np.tile([1.0, 0.0], 25)
    assert brier(p, y) == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    # one bin holds 0.1 twice with no positive, another 0.9 twice with one: (2 * 0.1 + 2 * 0.4) / 4
    assert expected_calibration_error(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 0, 1, 0])) == pytest.approx(0.25)


def test_probabilities_of_a_known_law_are_calibrated():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=4000)
    labels = (rng.random(4000) < expit(3 * scores - 2)).astype(float)
    fit = fit_platt_scaling(validation(scores[:2000], labels[:2000])).by_concept["effusion"]
    after = expected_calibration_error(fit.probability(scores[2000:]), labels[2000:])
    assert after < 0.03 < expected_calibration_error(expit(scores[2000:]), labels[2000:])  # measured: 0.0126 and 0.244


def test_bins_count_pairs_and_their_intervals_hold_the_truth():
    rng = np.random.default_rng(0)
    probabilities = np.column_stack([np.full(400, 0.25), np.full(400, 0.71)])
    labels = (rng.random((400, 2)) < probabilities).astype(float)
    labels[:10, 0] = np.nan
    low, high = probability_bins(probabilities, labels, np.arange(400), draws=200)
    assert (low.pairs, high.pairs) == (390, 400), "0.25 is in [0.2, 0.3), 0.71 in [0.7, 0.8)"
    assert (low.probability, high.probability) == pytest.approx((0.25, 0.71))
    assert low.positives == np.nansum(labels[:, 0])
    assert low.frequency == low.positives / 390
    for one, width in ((low, 0.086), (high, 0.089)):  # 2 * 1.96 * sqrt(p (1 - p) / n)
        assert one.interval.low < one.probability < one.interval.high
        assert one.interval.high - one.interval.low == pytest.approx(width, rel=0.2)  # measured: 3 %, 9 %


def test_a_patient_counts_once_in_a_bins_interval():
    labels = np.repeat([1.0, 0.0] * 20, 10)[:, None]
    probabilities = np.full((400, 1), 0.5)
    one_film, ten_films = (
        probability_bins(probabilities, labels, patients, draws=200)[0].interval
        for patients in (np.arange(400), np.arange(400) // 10)
    )
    ratio = (ten_films.high - ten_films.low) / (one_film.high - one_film.low)
    assert ratio == pytest.approx(10**0.5, rel=0.25)  # measured: 5 %


def test_labels_of_one_kind_cannot_be_calibrated():
    with pytest.raises(ScoresError, match="Nothing to calibrate: all validation labels are the same"):
        fit_platt_scaling(validation(np.arange(40.0), np.zeros(40)))

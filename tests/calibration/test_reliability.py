"""A stored calibration assessed on other images: values by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from calibration_fakes import by_hand, distances
from eval_fakes import make_table
from radz.calibration.reliability import COVERAGES, reliability
from radz.metrics.scores_file import ScoresTable

SCORES, LABELS = np.array([2.0, 2.0, -2.0, -2.0]), np.array([1.0, 0.0, 0.0, 0.0])


def test_probabilities_before_and_after_by_hand():
    assessed = reliability(make_table(SCORES, LABELS), by_hand(), ["effusion"], {})
    assert (assessed.findings, assessed.pairs, assessed.positives) == (("effusion",), 4, 1)
    before, one, after, constant = assessed.qualities
    for row, p in ((before, expit(2)), (one, expit(1)), (after, expit(6))):
        # two images at p, one of them positive; two at 1 - p, none positive
        assert row.brier == pytest.approx(((1 - p) ** 2 + p**2 + 2 * (1 - p) ** 2) / 4)
        assert row.calibration_error == pytest.approx((abs(2 * p - 1) + 2 * (1 - p)) / 4)
    assert constant.brier == pytest.approx((3 * 0.25**2 + 0.75**2) / 4)
    assert constant.calibration_error == 0
    assert assessed.risk_coverage == ()


def test_risk_and_coverage_by_hand():
    # the image that is wrong (the second) lies farthest: half of the images are without error
    assessed = reliability(make_table(SCORES, LABELS), by_hand(), ["effusion"], distances(1, 3, 2, 2.5))
    wrong, right = expit(6) ** 2, (1 - expit(6)) ** 2
    assert assessed.risk == pytest.approx((3 * right + wrong) / 4)
    assert assessed.aurc == pytest.approx((3 * right + (3 * right + wrong) / 4) / 4)
    assert [(part.coverage, part.images) for part in assessed.risk_coverage] == [
        (share, {0.8: 3, 0.5: 2}.get(share, 4)) for share in COVERAGES
    ]
    assert assessed.risk_coverage[-1].risk == pytest.approx(right)
    assert (assessed.images, assessed.refused) == (4, 1), "one beyond 2.5"


def test_recall_of_the_sets_by_hand():
    # images: both recalled; one of two found; none of one found; nothing to find
    effusion = make_table(np.array([2.0, 2.0, 0.0, 2.0]), np.array([1.0, 1.0, 1.0, 0.0]), concept="effusion")
    mass = make_table(np.array([1.0, 0.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]), concept="mass")
    table = ScoresTable(pd.concat([effusion.rows, mass.rows]), effusion.provenance)
    recall = reliability(table, by_hand(), ["effusion", "mass"], {}).set_recall
    assert (recall.value, recall.images, recall.patients, recall.promised) == (0.5, 3, 3, 0.9)
    assert recall.size == 1.25, "2, 1, 1 and 1 findings in four images"
    half = np.sqrt(np.log(40) / 2 / 3)  # three patients of a third each
    assert (recall.low, recall.high) == (pytest.approx(max(0, 0.5 - half)), pytest.approx(min(1, 0.5 + half)))


def test_images_of_one_patient_count_once():
    table = make_table(np.full(40, 2.0), np.ones(40), patients=["p"] * 20 + [f"q{i}" for i in range(20)])
    recall = reliability(table, by_hand(), ["effusion"], {}).set_recall
    assert (recall.images, recall.patients, recall.value, recall.high) == (40, 21, 1.0, 1.0)
    assert recall.low == pytest.approx(1 - np.sqrt(np.log(40) / 2 * (0.25 + 20 / 40**2)))


def test_a_finding_that_is_not_the_calibrated_one_takes_no_part():
    assessed = reliability(make_table(SCORES, LABELS), by_hand(), [], distances(1, 2, 3, 4))
    assert (assessed.findings, assessed.pairs, assessed.set_recall, assessed.risk_coverage) == ((), 0, None, ())
    assert np.isnan(assessed.qualities[0].brier)


def test_without_a_set_or_a_distance_the_rest_is_judged():
    assessed = reliability(
        make_table(SCORES, LABELS), by_hand(finding_set=None, out_of_distribution=None), ["effusion"], {}
    )
    assert (assessed.set_recall, assessed.refused, assessed.pairs) == (None, 0, 4)


def test_uncertain_labels_and_missing_scores_take_no_part():
    table = make_table(np.append(SCORES, np.nan), np.append(LABELS, 1.0))
    more = make_table(np.append(SCORES, 2.0), np.append(LABELS, np.nan))
    whole = reliability(make_table(SCORES, LABELS), by_hand(), ["effusion"], {})
    for other in (table, more):
        assert reliability(other, by_hand(), ["effusion"], {}).qualities == whole.qualities
    assert reliability(more, by_hand(), ["effusion"], {}, "ones").pairs == 5

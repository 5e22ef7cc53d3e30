"""Stored calibration judged on other films: values by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from eval_fakes import make_table
from radz.calibration.attached import assess_calibration, attach_calibration
from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.conformal import RiskControl
from radz.calibration.out_of_distribution import OutOfDistribution
from radz.calibration.platt import Platt
from radz.calibration.reliability import COVERAGES, reliability
from radz.errors import ScoresError
from radz.metrics.scores_file import ScoresTable, read_scores, write_scores

SCORES, LABELS = np.array([2.0, 2.0, -2.0, -2.0]), np.array([1.0, 0.0, 0.0, 0.0])


def stored(**changes) -> StoredCalibration:
    """Effusion: logit 3 score, at a prevalence of one in four; sets hold scores of at least 1."""
    values = {
        "fingerprint": "f",
        "anchors": "names",
        "corpus": "c",
        "split": "val",
        "scores_sha256": "",
        "studies": 40,
        "patients": 40,
        "texts": {"effusion": "", "mass": ""},
        "platt": {"effusion": Platt(3.0, 0.0, 10, 30)},
        "prevalence": {"effusion": 0.25},
        "refused": {"mass": "too few"},
        "pooled": Platt(0.5, 0.0, 10, 70),
        "finding_set": RiskControl(1.0, 0.9, 10),
        "out_of_distribution": OutOfDistribution((0.0,), (1.0,), ((1.0,),), (1.0,), 1.0, 2.5, 0.99, 40),
        "agreement": None,
    }
    return StoredCalibration(**values | changes)


def distances(*values: float) -> dict[str, float]:
    return {f"s{i:04d}": value for i, value in enumerate(values)}


def test_probabilities_before_and_after_by_hand():
    found = reliability(make_table(SCORES, LABELS), stored(), ["effusion"], {})
    assert (found.findings, found.pairs, found.positives) == (("effusion",), 4, 1)
    before, one, after, constant = found.qualities
    for row, p in ((before, expit(2)), (one, expit(1)), (after, expit(6))):
        # two films at p, one of them positive; two at 1 - p, none positive
        assert row.brier == pytest.approx(((1 - p) ** 2 + p**2 + 2 * (1 - p) ** 2) / 4)
        assert row.calibration_error == pytest.approx((abs(2 * p - 1) + 2 * (1 - p)) / 4)
    assert constant.brier == pytest.approx((3 * 0.25**2 + 0.75**2) / 4)
    assert constant.calibration_error == 0
    assert found.risk_coverage == ()


def test_risk_and_coverage_by_hand():
    # the film that is wrong (the second) lies farthest: half of the films are without error
    found = reliability(make_table(SCORES, LABELS), stored(), ["effusion"], distances(1, 3, 2, 2.5))
    wrong, right = expit(6) ** 2, (1 - expit(6)) ** 2
    assert found.risk == pytest.approx((3 * right + wrong) / 4)
    assert found.aurc == pytest.approx((3 * right + (3 * right + wrong) / 4) / 4)
    assert [(part.coverage, part.films) for part in found.risk_coverage] == [
        (share, {0.8: 3, 0.5: 2}.get(share, 4)) for share in COVERAGES
    ]
    assert found.risk_coverage[-1].risk == pytest.approx(right)
    assert (found.films, found.refused) == (4, 1), "one beyond 2.5"


def test_recall_of_the_sets_by_hand():
    # films: both found; one of two found; none of one found; nothing to find
    effusion = make_table(np.array([2.0, 2.0, 0.0, 2.0]), np.array([1.0, 1.0, 1.0, 0.0]), concept="effusion")
    mass = make_table(np.array([1.0, 0.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]), concept="mass")
    table = ScoresTable(pd.concat([effusion.rows, mass.rows]), effusion.provenance)
    kept = reliability(table, stored(), ["effusion", "mass"], {}).set_recall
    assert (kept.value, kept.films, kept.patients, kept.promised) == (0.5, 3, 3, 0.9)
    assert kept.size == 1.25, "2, 1, 1 and 1 findings in four films"
    half = np.sqrt(np.log(40) / 2 / 3)  # three patients of a third each
    assert (kept.low, kept.high) == (pytest.approx(max(0, 0.5 - half)), pytest.approx(min(1, 0.5 + half)))


def test_films_of_one_patient_are_one():
    table = make_table(np.full(40, 2.0), np.ones(40), patients=["p"] * 20 + [f"q{i}" for i in range(20)])
    kept = reliability(table, stored(), ["effusion"], {}).set_recall
    assert (kept.films, kept.patients, kept.value, kept.high) == (40, 21, 1.0, 1.0)
    assert kept.low == pytest.approx(1 - np.sqrt(np.log(40) / 2 * (0.25 + 20 / 40**2)))


def test_a_finding_that_is_not_the_calibrated_one_takes_no_part():
    found = reliability(make_table(SCORES, LABELS), stored(), [], distances(1, 2, 3, 4))
    assert (found.findings, found.pairs, found.set_recall, found.risk_coverage) == ((), 0, None, ())
    assert np.isnan(found.qualities[0].brier)


def test_without_a_set_or_a_distance_the_rest_is_judged():
    found = reliability(
        make_table(SCORES, LABELS), stored(finding_set=None, out_of_distribution=None), ["effusion"], {}
    )
    assert (found.set_recall, found.refused, found.pairs) == (None, 0, 4)


def test_uncertain_labels_and_missing_scores_take_no_part():
    table = make_table(np.append(SCORES, np.nan), np.append(LABELS, 1.0))
    more = make_table(np.append(SCORES, 2.0), np.append(LABELS, np.nan))
    whole = reliability(make_table(SCORES, LABELS), stored(), ["effusion"], {})
    for other in (table, more):
        assert reliability(other, stored(), ["effusion"], {}).qualities == whole.qualities
    assert reliability(more, stored(), ["effusion"], {}, "ones").pairs == 5


def test_the_scores_file_alone_gives_the_same_judgement(tmp_path):
    table, far = make_table(SCORES, LABELS), distances(1.0, 2.0, 3.0)
    here = reliability(table, stored(), ["effusion"], far)
    write_scores(attach_calibration(table, stored(), ["effusion"], far), tmp_path / "s.parquet")
    back = read_scores(tmp_path / "s.parquet")
    assert assess_calibration(back) == here
    assert here.refused == 1
    kept = back.provenance.calibration
    assert (kept["out_of_distribution"]["mean"], kept["out_of_distribution"]["directions"]) == ([], []), (
        "films are not described"
    )
    assert list(kept["texts"]) == ["effusion"], "mass was not asked for"


def test_scores_without_calibration_say_why():
    table = make_table(SCORES, LABELS)
    assert assess_calibration(table) == "these scores come without calibration"
    why = replace(table.provenance, uncalibrated="fitted on split 'val'")
    assert assess_calibration(replace(table, provenance=why)) == "fitted on split 'val'"
    bad = attach_calibration(table, stored(), ["effusion"], {})
    damaged = replace(bad.provenance, calibration={**bad.provenance.calibration, "agreement": "warm"})
    with pytest.raises(ScoresError, match=r"calibration in the scores of 'fake' is damaged: agreement: .*number"):
        assess_calibration(replace(bad, provenance=damaged))

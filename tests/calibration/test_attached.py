"""Calibration stored in a table of scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration_fakes import by_hand, distances, make_anchors
from eval_fakes import make_table
from radz.calibration.attached import assess_calibration, attach_calibration, attach_reference, attached_reference
from radz.calibration.reliability import reliability
from radz.errors import ScoresError
from radz.metrics.scores_file import read_scores, write_scores
from reference_fakes import reference

SCORES, LABELS = np.array([2.0, 2.0, -2.0, -2.0]), np.array([1.0, 0.0, 0.0, 0.0])


def test_the_scores_file_alone_gives_the_same_assessment(tmp_path):
    table, far = make_table(SCORES, LABELS), distances(1.0, 2.0, 3.0)
    here = reliability(table, by_hand(), ["effusion"], far)
    write_scores(attach_calibration(table, by_hand(), ["effusion"], far), tmp_path / "s.parquet")
    back = read_scores(tmp_path / "s.parquet")
    assert assess_calibration(back) == here
    assert here.refused == 1
    attached = back.provenance.calibration
    assert (attached["out_of_distribution"]["mean"], attached["out_of_distribution"]["directions"]) == ([], []), (
        "images are not described"
    )
    assert list(attached["texts"]) == ["effusion"], "mass was not asked for"


def test_scores_without_calibration_say_why():
    table = make_table(SCORES, LABELS)
    assert assess_calibration(table) == "these scores come without calibration"
    why = replace(table.provenance, uncalibrated="fitted on split 'val'")
    assert assess_calibration(replace(table, provenance=why)) == "fitted on split 'val'"
    bad = attach_calibration(table, by_hand(), ["effusion"], {})
    damaged = replace(bad.provenance, calibration={**bad.provenance.calibration, "agreement": "warm"})
    with pytest.raises(ScoresError, match=r"scores of 'fake' hold damaged calibration: agreement: .*number"):
        assess_calibration(replace(bad, provenance=damaged))


def test_reference_statistics_of_the_scored_findings_come_back_from_the_file(tmp_path):
    table, anchors = make_table(SCORES, LABELS, concept="mass"), make_anchors()
    assert attached_reference(table) is None
    write_scores(attach_reference(table, reference(), anchors), tmp_path / "s.parquet")
    back = read_scores(tmp_path / "s.parquet")
    stored = attached_reference(back)
    assert list(stored.quantiles) == ["mass"]
    assert stored.percentile("mass", "AP", np.array([0.5]))[0] == pytest.approx(0.5)
    changed = attach_reference(table, reference(), make_anchors(mass="Another text."))
    assert attached_reference(changed).quantiles == {}
    damaged = replace(back.provenance, reference={**back.provenance.reference, "patients": "many"})
    with pytest.raises(ScoresError, match="scores of 'fake' hold damaged reference statistics: patients: "):
        attached_reference(replace(back, provenance=damaged))

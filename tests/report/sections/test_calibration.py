"""Probabilities, abstention and finding sets, or why they were not assessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from radz.report.blocks import Numbers, Prose
from radz.report.sections.calibration import section
from report_fakes import row_of, tables


def test_bins_qualities_and_coverage_are_those_of_the_reliability(whole):
    shown = tables(section(whole))
    assert row_of(shown["Probabilities in bins"], "0.25") == ["0.25", "40", "10", "0.25 [0.15, 0.35]"]
    assert row_of(shown["Quality of the probabilities"], "after: Platt per finding")[1:] == ["0.042", "0.1679"]
    coverage = shown["The images nearest to the calibration images"]
    assert row_of(coverage, "50%") == ["50%", "40", "0.1900"]
    assert coverage.notes[0] == "Refused at the stored distance: 3 of 80 images."


def test_sets_have_their_recall_and_the_recall_that_was_promised(whole):
    (numbers,) = [block for block in section(whole).blocks if isinstance(block, Numbers)]
    values = {number.label: (number.value, number.detail) for number in numbers.numbers}
    assert values["Recall of finding sets"] == ("0.852", "95% [0.734, 0.970] (Hoeffding); 60 images of 30 patients")
    assert values["Recall calibrated for"][0] == "0.90"
    assert values["Findings in a set"] == ("2.1", "of 3 findings")


@pytest.mark.parametrize(("why", "text"), [("", "the scores come without calibration"), ("stale", "stale")])
def test_without_calibration_the_reason_is_said(whole, why, text):
    row = replace(whole.rows[0], reliability=None, uncalibrated=why)
    assert section(replace(whole, rows=(row,))).blocks == (Prose(f"Not assessed: {text}."),)

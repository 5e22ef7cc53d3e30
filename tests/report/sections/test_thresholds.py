"""Validation thresholds and, marked, oracle ones."""

from __future__ import annotations

from dataclasses import replace

from radz.report.blocks import Callout
from radz.report.format import estimate
from radz.report.sections.thresholds import section
from report_fakes import contents, row_of, tables


def test_means_are_those_of_each_source(whole):
    means = tables(section(whole))["Means over findings"]
    for point in whole.evaluation.macro.operating:
        cells = row_of(means, f"{point.source}, mean of {len(point.concepts)}")
        assert cells[1] == str(estimate(point.f1))


def test_findings_show_validation_thresholds_alone(whole):
    table = tables(section(whole))["Findings at thresholds from validation images"]
    finding = next(f for f in whole.evaluation.findings if f.concept == "effusion")
    (validation,) = [point for point in finding.operating if point.source == "validation"]
    assert row_of(table, "effusion")[1] == f"{validation.threshold:.4f}"


def test_oracle_thresholds_are_called_no_result():
    page = contents(others=())
    shown = section(page)
    assert "Findings at thresholds from validation images" not in tables(shown), "there are none"
    (callout,) = [block for block in shown.blocks if isinstance(block, Callout)]
    assert (callout.label, "not a result" in callout.text) == ("Oracle", True)


def test_without_points_there_is_no_section(whole):
    findings = tuple(replace(finding, operating=()) for finding in whole.evaluation.findings)
    row = replace(whole.rows[0], evaluation=replace(whole.evaluation, findings=findings))
    assert section(replace(whole, rows=(row,))) is None

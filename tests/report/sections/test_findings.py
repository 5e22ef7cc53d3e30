"""Findings, best first, then their mean."""

from __future__ import annotations

import math
from dataclasses import replace

from radz.report.format import count, estimate
from radz.report.sections.findings import by_value, section, undefined_draws
from report_fakes import row_of, tables, texts


def test_findings_are_ordered_by_the_main_number_and_end_with_the_mean(whole):
    table = tables(section(whole))["Findings, best first"]
    findings = [row for row in table.rows if row.cells[0].text in whole.evaluation.macro.concepts]
    values = [float(row.cells[1].text) for row in findings]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    assert row_of(table, "mean of 3")[1] == str(estimate(whole.evaluation.macro.auroc_within))
    assert table.rows[-1].strong


def test_a_row_has_metrics_counts_and_exposure(whole):
    finding = next(f for f in whole.evaluation.findings if f.concept == "effusion")
    cells = row_of(tables(section(whole))["Findings, best first"], "effusion")
    assert cells[1] == str(estimate(finding.auroc_within))
    assert count(finding.positives) in cells
    assert cells[-1] == "supervised"
    pooled = row_of(tables(section(whole))["All images pooled"], "effusion")
    assert pooled[1:] == [str(estimate(finding.auroc_pooled)), str(estimate(finding.average_precision))]


def test_a_finding_outside_the_mean_is_last_and_has_a_star_and_a_reason(whole):
    first, *others = by_value(whole.evaluation)
    findings = (replace(first, left_out="too few positives"), *others)
    evaluation = replace(whole.evaluation, findings=findings)
    assert by_value(evaluation)[-1].concept == first.concept
    page = replace(whole, rows=(replace(whole.rows[0], evaluation=evaluation),))
    table = tables(section(page))["Findings, best first"]
    assert any(texts(row)[0].endswith("*") for row in table.rows)
    assert any("is left out of the mean: too few positives." in note for note in table.notes)


def test_undefined_draws_are_counted_by_finding(whole):
    assert undefined_draws(whole.evaluation) == "none"
    finding = whole.evaluation.findings[0]
    interval = replace(finding.auroc_within.interval, dropped=3)
    changed = replace(finding, auroc_within=replace(finding.auroc_within, interval=interval))
    evaluation = replace(whole.evaluation, findings=(changed, *whole.evaluation.findings[1:]))
    assert undefined_draws(evaluation) == f"{finding.concept.replace('_', ' ')} 3"


def test_an_undefined_value_is_after_the_defined_ones(whole):
    finding = by_value(whole.evaluation)[0]
    undefined = replace(finding, auroc_within=replace(finding.auroc_within, value=math.nan))
    evaluation = replace(whole.evaluation, findings=(undefined, *by_value(whole.evaluation)[1:]))
    assert by_value(evaluation)[-1] is undefined

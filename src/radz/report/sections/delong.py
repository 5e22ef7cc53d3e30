"""The pooled AUROC by DeLong's method, in addition to the bootstrap: what other papers report."""

from __future__ import annotations

import math

from radz.metrics.evaluation import Comparison, FindingEvaluation
from radz.report.blocks import Cell, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import count, finding_name, number, p_value, with_interval
from radz.report.sections.findings import by_value

NOTE = "Normal intervals; studies of one patient are kept together. Strata are ignored."


def section(contents: Contents) -> Section | None:
    """Each finding's interval, and its test against each other model."""
    findings = [finding for finding in by_value(contents.evaluation) if finding.delong]
    order = [finding.concept for finding in by_value(contents.evaluation)]
    tests = [
        _tests(row.name, row.comparison, order) for row in contents.rows if row.comparison and row.comparison.delong
    ]
    if not findings:
        return None
    columns = ("finding", "AUROC pooled", "standard error", "present")
    intervals = table("AUROC pooled", columns, map(_row, findings), notes=(NOTE,))
    return Section("delong", "Pooled AUROC by DeLong", (intervals, *tests))


def _row(finding: FindingEvaluation) -> Row:
    delong = finding.delong
    assert delong is not None
    auroc = with_interval((delong.value, delong.low, delong.high))
    return row(finding_name(finding.concept), auroc, number(delong.standard_error), count(finding.positives))


def _tests(name: str, comparison: Comparison, order: list[str]) -> Table:
    rows = [_test(comparison, concept) for concept in order if concept in comparison.delong]
    return table(f"Gain over {name} in AUROC pooled", ("finding", "gain", "p", "Holm p"), rows)


def _test(comparison: Comparison, concept: str) -> Row:
    test, adjusted = comparison.delong[concept], comparison.delong_holm.get(concept, math.nan)
    error = "" if math.isnan(test.standard_error) else f"± {number(test.standard_error)}"
    gain = Cell(number(test.difference, sign="+"), error)
    return row(finding_name(concept), gain, p_value(test.p_value), p_value(adjusted))

"""The pooled AUROC by DeLong's method."""

from __future__ import annotations

from dataclasses import replace

from radz.report.sections.delong import section
from report_fakes import row_of, tables


def test_intervals_and_tests_are_those_of_the_evaluation(whole):
    shown = tables(section(whole))
    delong = next(f for f in whole.evaluation.findings if f.concept == "effusion").delong
    assert row_of(shown["AUROC pooled"], "effusion")[1:3] == [
        f"{delong.value:.3f} [{delong.low:.3f}, {delong.high:.3f}]",
        f"{delong.standard_error:.3f}",
    ]
    test = whole.rows[1].comparison.delong["effusion"]
    gain = row_of(shown["Gain over a_model_with_a_name in AUROC pooled"], "effusion")
    assert gain[1].endswith(f"± {test.standard_error:.3f}")
    assert gain[2] == f"{test.p_value:.3f}"


def test_without_intervals_there_is_no_section(whole):
    findings = tuple(replace(finding, delong=None) for finding in whole.evaluation.findings)
    row = replace(whole.rows[0], evaluation=replace(whole.evaluation, findings=findings))
    assert section(replace(whole, rows=(row,))) is None

"""Uncertain labels as a separate class."""

from __future__ import annotations

from radz.report.format import estimate
from radz.report.sections.uncertain import section
from report_fakes import contents, row_of, tables


def test_uncertain_studies_are_between_absent_and_present(whole):
    uncertain = next(f for f in whole.evaluation.findings if f.uncertain)
    (table,) = tables(section(whole)).values()
    assert row_of(table, uncertain.concept) == [
        uncertain.concept,
        str(estimate(uncertain.uncertain.against_absent)),
        str(estimate(uncertain.uncertain.below_present)),
        str(uncertain.uncertain.studies),
    ]


def test_under_another_policy_there_is_no_section():
    assert section(contents()) is None

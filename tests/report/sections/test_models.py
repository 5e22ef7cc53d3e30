"""Means of all models, and the gain over each."""

from __future__ import annotations

from radz.report.format import difference, estimate
from radz.report.sections.models import section
from report_fakes import contents, row_of, tables


def test_every_model_has_its_means_and_an_absent_one_its_reason(whole):
    means = tables(section(whole))["Means over findings"]
    other = whole.rows[1].evaluation.macro
    assert row_of(means, "a_model_with_a_name")[1] == str(estimate(other.auroc_within))
    assert set(row_of(means, "absent")[1:]) == {""}
    assert "absent: This corpus has no train split." in means.notes
    assert means.rows[0].strong, "the evaluated model"


def test_the_gain_is_that_of_the_comparison(whole):
    gain = row_of(tables(section(whole))["Gain over each model"], "a_model_with_a_name")
    assert gain[1] == str(difference(whole.rows[1].comparison.auroc_within))


def test_one_model_is_compared_with_nothing():
    assert section(contents(others=())) is None

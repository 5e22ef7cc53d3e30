"""Gains finding by finding."""

from __future__ import annotations

from radz.report.blocks import Gallery
from radz.report.format import difference, p_value
from radz.report.sections.gains import section
from report_fakes import contents, row_of, tables


def test_each_finding_has_the_gain_of_the_comparison(whole):
    comparison = whole.rows[1].comparison
    (table,) = tables(section(whole)).values()
    assert "a_model_with_a_name" in table.caption
    gain = comparison.findings["effusion"]
    assert row_of(table, "effusion")[1:4] == [
        str(difference(gain)),
        p_value(gain.p_value),
        p_value(comparison.holm["effusion"]),
    ]


def test_the_drawing_keeps_the_styles_of_the_other_models(whole):
    (gallery,) = [block for block in section(whole).blocks if isinstance(block, Gallery)]
    assert gallery.key == {"gain over a_model_with_a_name": 2}, "style 1 is the evaluated model's"


def test_without_a_comparison_there_are_no_gains():
    assert section(contents(others=())) is None

"""Other wordings: each, their median and the worst."""

from __future__ import annotations

from radz.report.sections.prompts import section
from report_fakes import contents, row_of, tables


def test_wordings_end_with_their_median_and_the_worst(whole):
    shown = tables(section(whole))
    table = shown["The same question in other words"]
    assert len(table.rows) == 9 + 2
    assert row_of(table, "median") == ["median", "0.650"]
    assert row_of(table, "worst: paraphrases 1/9 0123abcd")[1] == "0.610 [0.500, 0.700]"
    assert row_of(shown["Findings over the wordings"], "effusion") == ["effusion", "0.660", "0.610"]


def test_without_prompts_there_is_no_section():
    assert section(contents()) is None

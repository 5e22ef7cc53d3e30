"""Hashes, seeds and versions; no path and no list of names."""

from __future__ import annotations

from radz.report.sections.provenance import section
from report_fakes import row_of, tables


def test_what_the_numbers_were_made_of_is_named(whole):
    shown = tables(section(whole))
    data, protocol = shown["Model and data"], shown["Protocol"]
    assert row_of(data, "hash of the split")[1] == "5911ad5b"
    assert row_of(data, "option where.view")[1] == "PA"
    assert row_of(data, "option films")[1].startswith("2 entries, SHA-256 ")
    assert row_of(data, "scores of brightness, SHA-256")[1] == whole.hashes["brightness"]
    assert row_of(protocol, "protocol hash")[1] == whole.evaluation.protocol_hash
    assert row_of(protocol, "strata")[1] == "source × view"


def test_empty_values_have_no_row(whole):
    names = {row.cells[0].text for row in tables(section(whole))["Model and data"].rows}
    assert not {"fold", "prompts", "control"} & names

"""What scoring costs, where it was measured."""

from __future__ import annotations

from radz.report.sections.cost import costs_table, section
from report_fakes import COST, contents, row_of, tables


def test_quantities_have_their_units_and_unmeasured_ones_no_row(whole):
    (table,) = tables(section(whole)).values()
    assert row_of(table, "parameters") == ["parameters", "139.0 M"]
    assert row_of(table, "latency, median") == ["latency, median", "81.2 ms"]
    assert "machine" not in {row.cells[0].text for row in table.rows}


def test_a_model_without_a_quantity_has_an_empty_cell():
    table = costs_table({"a": COST, "b": {"parameters": 1500, "device": "cpu"}})
    assert row_of(table, "parameters")[1:] == ["139.0 M", "1.5 k"]
    assert row_of(table, "device")[1:] == ["", "cpu"]


def test_without_costs_there_is_no_section():
    assert section(contents()) is None

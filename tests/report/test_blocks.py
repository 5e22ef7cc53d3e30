"""Blocks: what their short forms make."""

from __future__ import annotations

from radz.report.blocks import Cell, Column, Figure, Row, row, table


def test_a_table_knows_its_columns_of_words():
    short = table("Caption", ("finding", "note"), iter([row("a", "b")]), words={"note"}, notes=["one"])
    assert short.columns == (Column("finding"), Column("note", words=True))
    assert short.rows == (Row((Cell("a"), Cell("b"))),)
    assert short.notes == ("one",)


def test_a_cell_is_a_value_with_its_interval():
    assert str(Cell("0.5", "[0.4, 0.6]")) == "0.5 [0.4, 0.6]"
    assert str(Cell("0.5")) == "0.5"
    assert row(Cell("0.5"), strong=True) == Row((Cell("0.5"),), strong=True)


def test_a_figure_is_drawn_when_its_svg_is_read():
    calls = []
    figure = Figure("title", "words", lambda: calls.append(1) or "<svg/>")
    assert calls == []
    assert (figure.svg, calls) == ("<svg/>", [1])

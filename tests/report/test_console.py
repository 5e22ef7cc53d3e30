"""The console: no line is wider than the terminal, no number is cut, and every cell is printed."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from radz.report.blocks import Callout, Cell, Figure, Gallery, Number, Numbers, Page, Prose, Section, Table, row, table
from radz.report.console import FILE_WIDTH, open_console, show, show_block
from radz.report.page import console_page, page_of


def printed(block, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    show_block(block, console)
    return console.file.getvalue()


def wide(count: int) -> Table:
    rows = [row("a finding", *[Cell("0.667", "[0.620, 0.709]")] * count), row("mean", *["0.500"] * count, strong=True)]
    return table("Values", ("finding", *(f"model number {i}" for i in range(count))), rows, notes=("a note",))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(whole, width):
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    page = console_page(whole.rows, by_finding=True)
    show(page, console)
    text = console.file.getvalue()
    assert max(map(cell_len, text.splitlines())) <= width
    words = set(text.split())
    for section in page.sections:
        for block in section.blocks:
            for each in getattr(block, "rows", ()):
                for cell in each.cells[1:]:
                    assert set(f"{cell.text} {cell.detail}".split()) <= words, (block.caption, cell)


def test_a_table_that_fits_has_one_line_per_row():
    title, head, _, first, rule, mean, note = printed(wide(2), 120).splitlines()
    assert title == "Values"
    assert head.split() == ["finding", "model", "number", "0", "model", "number", "1"]
    assert first.split("  ") == ["a finding", "0.667 [0.620, 0.709]", "0.667 [0.620, 0.709]"]
    assert set(rule.strip()) == {"─"}, "the mean is apart"
    assert mean.startswith("mean ")
    assert note.strip() == "a note"


def test_intervals_go_under_their_values_before_a_table_is_split():
    stacked = printed(wide(3), 60)
    assert "0.667 [" not in stacked
    assert stacked.count("a finding") == 1
    split = printed(wide(9), 60)
    assert split.count("a finding") == len(split.split("\n\n")), "each part repeats the first column"
    assert split.count("[0.620, 0.709]") == 9


def test_values_without_an_interval_are_aligned_with_the_others():
    lines = printed(wide(1), 80).splitlines()
    assert lines[3].index("0.667") == lines[5].index("0.500")


def test_words_wrap_and_markup_is_text():
    notes = table("[bold]x[/bold]", ("finding", "note"), [row("[red]a", "word " * 40)], words={"note"})
    text = printed(notes, 60)
    assert "[bold]x[/bold]" in text
    assert "[red]a" in text
    assert text.count("word") == 40


def test_other_blocks_are_sentences_and_drawings_are_left_out():
    assert printed(Prose("One *sentence*."), 80) == "One *sentence*.\n"
    assert printed(Callout("Oracle", "No result."), 80) == "Oracle. No result.\n"
    assert printed(Numbers((Number("Studies", "80", "of 40 patients"),)), 80).split() == [
        "Studies", "80", "of", "40", "patients",
    ]  # fmt: skip

    def draw() -> str:
        raise AssertionError("the console draws nothing")

    page = Page("t", "", "notice", (Section("a", "Heading", (Gallery((Figure("x", "y", draw),)),)),))
    console = Console(file=io.StringIO(), width=40)
    show(page, console)
    assert console.file.getvalue().split() == ["t", "Heading", "─" * 32, "notice"]


def test_a_file_is_as_wide_as_a_table_needs():
    assert open_console(io.StringIO()).width == FILE_WIDTH


def test_the_console_needs_neither_matplotlib_nor_jinja(whole, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    show(page_of(whole), Console(file=io.StringIO(), width=100))

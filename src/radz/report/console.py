"""A page on the console. A table that is too wide for the terminal first puts its intervals under its values, then
continues in further parts that repeat its first column."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text

from radz.report.blocks import Block, Callout, Cell, Numbers, Page, Prose, Section, Table

GAP = 2
"""Spaces between two columns."""
WORDS = 26
"""A column of words may be narrowed to this width; its cells wrap. Columns of numbers never wrap."""
FILE_WIDTH = 120
"""Width where the output is not a terminal."""


def open_console(file: TextIO | None = None) -> Console:
    """A console on ``file``, standard output by default, as wide as the terminal."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(file=file, width=FILE_WIDTH, highlight=False, markup=False)


def show(page: Page, console: Console) -> None:
    """Print the whole page."""
    console.print(Text(page.title, style="bold"))
    if page.subtitle:
        console.print(Text(page.subtitle))
    for section in page.sections:
        console.print(section_on(section, console.width))
    console.print()
    console.print(Text(page.notice, style="italic"))


def show_block(block: Block, console: Console) -> None:
    """Print one block."""
    console.print(block_on(block, console.width))


def section_on(section: Section, width: int) -> Group:
    """A section under its heading, ``width`` characters wide."""
    heading = Rule(Text(section.heading, style="bold"), align="left", style="dim")
    parts: list[RenderableType] = ["", heading]
    for block in section.blocks:
        if rendered := block_on(block, width):
            parts += ["", rendered]
    return Group(*parts)


def block_on(block: Block, width: int) -> RenderableType:
    """A block, ``width`` characters wide; nothing for drawings and images, whose values are in the tables."""
    match block:
        case Prose(text=text):
            return Text(text)
        case Callout():
            return Text.assemble((f"{block.label}.", "bold yellow"), " ", block.text)
        case Numbers():
            return _numbers(block)
        case Table():
            notes: list[RenderableType] = [Padding(Text(note, style="dim"), (0, 0, 0, 2)) for note in block.notes]
            return Group(Text(block.caption, style="bold"), *_parts(block, width), *notes)
    return ""


def _numbers(block: Numbers) -> Grid:
    grid = Grid.grid(padding=(0, GAP, 0, 0))
    grid.add_column("label")
    grid.add_column("value", justify="right", no_wrap=True)
    grid.add_column("detail")
    for number in block.numbers:
        grid.add_row(Text(number.label), Text(number.value, style="bold"), Text(number.detail, style="dim"))
    return grid


def _parts(table: Table, width: int) -> list[RenderableType]:
    """The table in the layout that needs the fewest parts, one line per row if both need the same."""
    layouts = [[_column(table, index, stacked) for index in range(len(table.columns))] for stacked in (False, True)]
    split = min((_split(columns, width) for columns in layouts), key=len)
    first, *others = [_grid(table, columns, width) for columns in split]
    return [first, *(part for grid in others for part in ("", grid))]


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of a table, as it is printed. wraps: it may be narrowed, down to WORDS, and its cells wrap."""

    name: str
    cells: tuple[Text, ...]
    wraps: bool

    @property
    def least(self) -> int:
        """Width at which no number and no word of the head is cut."""
        return max(min(self._body, WORDS) if self.wraps else self._body, _longest(self.name.split()))

    @property
    def natural(self) -> int:
        """Width at which nothing wraps."""
        return max(self._body, cell_len(self.name))

    @property
    def _body(self) -> int:
        return _longest(line for cell in self.cells for line in cell.plain.splitlines())


def _column(table: Table, index: int, stacked: bool) -> _Column:
    """A column; stacked: intervals are under their values, so that a row takes two lines."""
    column, cells = table.columns[index], [row.cells[index] for row in table.rows]
    text, detail = _longest(cell.text for cell in cells), _longest(cell.detail for cell in cells)
    wraps = column.words or index == 0
    if stacked or wraps or not detail:
        return _Column(column.name, tuple(_cell(cell, "\n" if stacked else " ") for cell in cells), wraps)
    aligned = [Cell(cell.text.rjust(text), cell.detail.ljust(detail)) for cell in cells]
    return _Column(column.name, tuple(_cell(cell, " ") for cell in aligned), wraps)


def _cell(cell: Cell, separator: str) -> Text:
    return Text.assemble(cell.text, separator, (cell.detail, "dim")) if cell.detail else Text(cell.text)


def _split(columns: Sequence[_Column], width: int) -> list[list[_Column]]:
    """Columns of each part; every part starts with the first column."""
    first, *others = columns
    parts = [[first]]
    for column in others:
        used = sum(each.least + GAP for each in parts[-1])
        if used + column.least > width and len(parts[-1]) > 1:
            parts.append([first])
        parts[-1].append(column)
    return parts


def _grid(table: Table, columns: Sequence[_Column], width: int) -> Grid:
    """One part of the table as rich draws it."""
    grid = Grid(box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0), border_style="dim")
    widths = _widths(columns, width)
    for column, head, size in zip(columns, _heads(columns, widths), widths, strict=True):
        justify: Literal["left", "right"] = "left" if column.wraps else "right"
        grid.add_column(Text(head), justify=justify, width=size, header_style="bold")
    for place, row in enumerate(table.rows):
        if row.strong and place and not table.rows[place - 1].strong:
            grid.add_section()
        cells = [_padded(column.cells[place], column, size) for column, size in zip(columns, widths, strict=True)]
        grid.add_row(*cells, style="bold" if row.strong else None)
    return grid


def _padded(cell: Text, column: _Column, width: int) -> Text:
    """The cell at the right of its column; rich alone would strip the spaces under a missing interval."""
    if column.wraps or "\n" in cell.plain:
        return cell
    padded = Text(" " * (width - cell.cell_len), justify="left")
    return padded.append_text(cell)


def _widths(columns: Sequence[_Column], width: int) -> list[int]:
    """The least width of each column and, from left to right, as much more as fits in ``width``."""
    spare = width - sum(column.least for column in columns) - GAP * (len(columns) - 1)
    widths = []
    for column in columns:
        extra = max(0, min(column.natural - column.least, spare))
        spare -= extra
        widths.append(column.least + extra)
    return widths


def _heads(columns: Sequence[_Column], widths: Sequence[int]) -> list[str]:
    """Names of the columns, wrapped, and moved down so that all end on the same line."""
    wrapped = [textwrap.wrap(column.name, size) for column, size in zip(columns, widths, strict=True)]
    height = max(map(len, wrapped))
    return ["\n" * (height - len(lines)) + "\n".join(lines) for lines in wrapped]


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)

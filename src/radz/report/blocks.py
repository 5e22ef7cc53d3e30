"""What a page is made of, whatever it is written as: HTML and Markdown print the same blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True, slots=True)
class Callout:
    """A sentence that must not be overlooked, after a few words that say what it is about."""

    kind: ClassVar[str] = "callout"
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """One number, with its interval or count in ``detail``."""

    label: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The few numbers that a reader takes along."""

    kind: ClassVar[str] = "numbers"
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """words: the column holds words, not numbers."""

    name: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and below it its interval or count."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """cells: as many as columns, the first names the row. strong: a row that sums up the others."""

    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """caption: what the rows are. notes: what a reader must know to read them."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """svg: the drawing. title and description stand for it where it cannot be seen."""

    title: str
    description: str
    svg: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """Drawings side by side. key: name of each line -> its style in the drawings, 1 to 4. marks: styles are marks of
    points, else dashes of lines."""

    kind: ClassVar[str] = "gallery"
    figures: tuple[Figure, ...]
    caption: str = ""
    key: dict[str, int] = field(default_factory=dict)
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An image as base64 of a JPEG, with what is said of it. It has no identifier."""

    jpeg: str
    alternative: str
    caption: str


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Small images under one caption."""

    kind: ClassVar[str] = "thumbnails"
    caption: str
    images: tuple[Thumbnail, ...]


Block = Prose | Callout | Numbers | Table | Gallery | Thumbnails


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a heading; ``name`` is its address in the page."""

    name: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole. title: which model. subtitle: on what. notice: what it must not be used for. kind: above the title."""

    title: str
    subtitle: str
    notice: str
    sections: tuple[Section, ...]
    kind: str = "Evaluation"


def table(caption: str, columns: str, rows: list[Row], *, words: str = "", notes: tuple[str, ...] = ()) -> Table:
    """A table whose column names stand in one string, parted by ``|``; those in ``words`` hold words."""
    named = tuple(Column(name, name in words.split("|")) for name in columns.split("|"))
    return Table(caption, named, tuple(rows), notes)


def row(*cells: Cell | str, strong: bool = False) -> Row:
    """A row of cells; a string is a cell without detail."""
    return Row(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells), strong)

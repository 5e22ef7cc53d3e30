"""The building blocks of a page. The console, Markdown and HTML renderers print the same blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True, slots=True)
class Callout:
    """A sentence that must not be overlooked; ``label`` names its topic in a few words."""

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
    """The few numbers that a reader takes away."""

    kind: ClassVar[str] = "numbers"
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``words`` marks a column of words, aligned left. The others hold numbers."""

    name: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and its interval or count in ``detail``. As a string: ``0.667 [0.620, 0.709]``."""

    text: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.detail}" if self.detail else self.text


@dataclass(frozen=True, slots=True)
class Row:
    """One cell per column; the first names the row. strong: a row that sums up the others."""

    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """caption: the subject of the rows. notes: explanations that a reader needs."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, made only by a renderer that shows it. title and description replace it where it cannot be seen."""

    title: str
    description: str
    draw: Callable[[], str]

    @property
    def svg(self) -> str:
        """The drawing as an ``svg`` element. Raises MissingExtraError without the extra ``report``."""
        return self.draw()


@dataclass(frozen=True, slots=True)
class Gallery:
    """Drawings next to each other. key: name of each line -> its style in the drawings, 1 to 4. marks: styles are
    marks of points, otherwise dashes of lines."""

    kind: ClassVar[str] = "gallery"
    figures: tuple[Figure, ...]
    caption: str = ""
    key: dict[str, int] = field(default_factory=dict)
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small image as a base64 JPEG, with its text alternative and caption. It has no identifier."""

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
    """A whole page. title: which model. subtitle: on what data. notice: what it must not be used for. kind: of page."""

    title: str
    subtitle: str
    notice: str
    sections: tuple[Section, ...]
    kind: str = "Evaluation"


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    words: Collection[str] = (),
    notes: Iterable[str] = (),
) -> Table:
    """A table from the names of its columns; those in ``words`` hold words."""
    return Table(caption, tuple(Column(name, name in words) for name in columns), tuple(rows), tuple(notes))


def row(*cells: Cell | str, strong: bool = False) -> Row:
    """A row of cells; a string is a cell without detail."""
    return Row(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells), strong)

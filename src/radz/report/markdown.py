"""A page as Markdown. A drawing becomes a sentence, because its values are in the tables; images are counted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from radz.report.blocks import Block, Callout, Column, Gallery, Numbers, Page, Prose, Section, Table, Thumbnails
from radz.report.format import counted

MARKS = re.compile(r"[\\`*<>|]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")
"""Characters that Markdown would take for marks where they are."""


def render(page: Page) -> str:
    """The page as one Markdown document."""
    head = [f"# {escape(page.title)}", *filter(None, [escape(page.subtitle)]), f"**{escape(page.notice)}**"]
    return "\n\n".join([*head, *(part for section in page.sections for part in _section(section))]) + "\n"


def render_block(block: Block) -> str:
    """One block as Markdown."""
    match block:
        case Prose(text=text):
            return escape(text)
        case Callout(label=label, text=text):
            return f"> **{escape(label)}.** {escape(text)}"
        case Numbers():
            return "\n".join(_numbers(block))
        case Table():
            return "\n\n".join(filter(None, (f"**{escape(block.caption)}**", render_rows(block), _list(block.notes))))
        case Gallery():
            return "\n".join(f"- *{escape(each.title)}.* {escape(each.description)}" for each in block.figures)
        case Thumbnails():
            images = counted(len(block.images), "image")
            return f"The HTML page shows {images} of {escape(block.caption)}."


def render_rows(table: Table) -> str:
    """The rows of a table under its columns, without caption and notes."""
    head = [escape(column.name) for column in table.columns]
    rule = [_rule(column, index) for index, column in enumerate(table.columns)]
    rows = [[escape(str(cell)) for cell in row.cells] for row in table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def escape(text: str) -> str:
    """The text without anything that Markdown would take for marks."""
    return MARKS.sub(lambda mark: "\\" + mark[0], text)


def _section(section: Section) -> list[str]:
    return [f"## {escape(section.heading)}", *map(render_block, section.blocks)]


def _numbers(block: Numbers) -> Iterable[str]:
    for number in block.numbers:
        detail = f" ({escape(number.detail)})" if number.detail else ""
        yield f"- {escape(number.label)}: **{escape(number.value)}**{detail}"


def _rule(column: Column, index: int) -> str:
    return "---" if column.words or index == 0 else "---:"


def _list(notes: Iterable[str]) -> str:
    return "\n".join(f"- {escape(note)}" for note in notes)

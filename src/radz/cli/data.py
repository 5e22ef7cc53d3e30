"""``radz data``: the corpora that radz reads, and what is in them."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from radz.data.label_map import LabelMap

app = typer.Typer(help="List, describe, check and convert corpora.", no_args_is_help=True)


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"


FORMAT = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("list")
def list_(*, format_: FORMAT = Format.TABLE) -> None:
    """List the corpora with where to obtain each and under which terms."""
    from radz.data.catalog import catalogue

    entries = catalogue()
    if format_ is Format.JSON:
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for name, entry in entries.items():
        console.print(f"{name:<14} {entry['title']}")
        console.print(f"{'':<14} obtain: {entry['obtain']}")
        console.print(f"{'':<14} terms:  {entry['terms']}")


@app.command("map")
def map_(
    first: Annotated[str, typer.Argument(help="Corpus, e.g. chestxray14.")],
    second: Annotated[str, typer.Argument(help="Corpus to compare it with, e.g. vindr.")],
    *,
    format_: FORMAT = Format.TABLE,
) -> None:
    """Show which labels two corpora share, by which relation, and why the others are left out."""
    from dataclasses import asdict

    from radz.data.label_map import map_labels

    mapped = map_labels(first, second)
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(mapped), indent=2, ensure_ascii=False))
        return
    _show_map(mapped)


def _show_map(mapped: LabelMap) -> None:
    from rich.table import Table

    from radz.data.label_map import grouped_by_reason

    console = Console(highlight=False, markup=False)
    table = Table(mapped.first, "is", mapped.second, "concept", title=f"labels of {mapped.first} and {mapped.second}")
    for row in mapped.shared:
        table.add_row(row.label, row.relation.value, ", ".join(row.others), row.concept)
    console.print(table if mapped.shared else f"{mapped.first} and {mapped.second} share no label")
    for (corpus, why), labels in grouped_by_reason(mapped).items():
        console.print(f"left out of {corpus}: {', '.join(labels)}\n  because: {why}", soft_wrap=True)

"""``radz data``: the corpora that radz reads, and what is in them."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

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

"""``radz anchors nearest``: the findings nearest to another."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.cli.options import Format
from radz.types import RESEARCH_USE

if TYPE_CHECKING:
    from radz.serve.nearest_concepts import NearestConcepts


def nearest(
    query: Annotated[str, typer.Argument(help='A finding, "name: description", or any text.')],
    *,
    to: Annotated[
        Path | None, typer.Option(help="Directory of anchors to search; by default every finding that fits the model.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many findings.")] = 10,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Anchor strategy; the directory's or the model's own by default.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
) -> None:
    """List the findings whose anchors are nearest to a finding or a text, and what the model has seen of each."""
    from radz.serve.nearest_concepts import nearest_concepts
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        predictor = Predictor.load(model, source=source, findings=findings_file or [])
        result = nearest_concepts(predictor, query, to, top, strategy)
    if format_ is Format.JSON:
        typer.echo(json.dumps({"notice": RESEARCH_USE, **dataclasses.asdict(result)}, indent=2, ensure_ascii=False))
    else:
        _print(result)


def _print(result: NearestConcepts) -> None:
    from radz.report.blocks import row, table
    from radz.report.console import open_console, show_block
    from radz.report.format import number

    query = result.concept or f"the text '{result.query}', which is not a known name"
    rows = [
        row(str(rank), near.concept, number(near.cosine, sign="+"), near.exposure.value)
        for rank, near in enumerate(result.neighbours, start=1)
    ]
    caption = f"nearest to {query}, anchors '{result.strategy}'"
    columns = ("rank", "finding", "cosine", "exposure")
    console = open_console()
    show_block(table(caption, columns, rows, words={"finding", "exposure"}), console)

"""``radz anchors``: the vectors that findings are compared with, on disk with the texts they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from radz.errors import UnknownNameError

app = typer.Typer(help="Build anchors of findings and look at them.", no_args_is_help=True)


@app.command()
def build(
    *,
    out: Annotated[Path, typer.Option(help="Directory to write; one that is there is replaced.")],
    finding: Annotated[
        list[str] | None, typer.Option(help='Finding: a known name, or "name: description". Repeatable.')
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Anchor strategy; the model's own by default.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
) -> None:
    """Encode findings and write their anchors with the texts they came from."""
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        predictor = Predictor.load(model, source=source, findings=findings_file or [])
        count = predictor.save_anchors(out, finding, strategy)
    Console(stderr=True, highlight=False, markup=False).print(f"anchors of {count} findings: {out}", soft_wrap=True)


@app.command()
def show(
    directory: Annotated[Path, typer.Argument(help="Directory that `radz anchors build` wrote.")],
    concept: Annotated[str | None, typer.Argument(help="Id of one finding; all by default.")] = None,
) -> None:
    """List the findings of a directory with their texts, source and parents; no model is loaded."""
    from rich.table import Table

    from radz.anchors._repository import read_record

    record = read_record(directory)
    table = Table("finding", "texts", "source", "parents", title=f"anchors '{record['strategy']}'")
    for entry in _entries(record, concept):
        table.add_row(entry["id"], "\n".join(entry["texts"]), entry["source"], ", ".join(entry["parents"]))
    Console(highlight=False, markup=False).print(table)


def _entries(record: dict[str, Any], concept: str | None) -> list[dict[str, Any]]:
    entries = {entry["id"]: entry for entry in record["concepts"]}
    if concept is None:
        return [*entries.values()]
    if concept not in entries:
        raise UnknownNameError("finding", concept, entries)
    return [entries[concept]]

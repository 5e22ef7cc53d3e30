"""``radz anchors build | show | diff``: anchors on disk with the texts they came from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli.console import say
from radz.cli.options import Format
from radz.errors import UnknownNameError

if TYPE_CHECKING:
    from radz.anchors import Change, Difference
    from radz.report.blocks import Table


def build(
    *,
    out: Annotated[Path, typer.Option(help="Directory to write; an existing one is replaced.")],
    finding: Annotated[
        list[str] | None, typer.Option(help='Finding: a known name, or "name: description". Repeatable.')
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Anchor strategy; the model's own by default.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
) -> None:
    """Encode findings and write their anchors with the texts they came from."""
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        predictor = Predictor.load(model, source=source, findings=findings_file or [])
        count = predictor.save_anchors(out, finding, strategy)
    say(f"anchors of {count} findings: {out}")


def show(
    directory: Annotated[Path, typer.Argument(help="Directory that `radz anchors build` wrote.")],
    concept: Annotated[str | None, typer.Argument(help="Id of one finding; all findings by default.")] = None,
) -> None:
    """List the findings of a directory with their texts, source and parents; no model is loaded."""
    from radz.anchors import read_record
    from radz.report.blocks import row, table
    from radz.report.console import open_console, show_block

    record = read_record(directory)
    columns = ("finding", "texts", "source", "parents")
    rows = [
        row(entry["id"], "\n".join(map(_cited(entry), entry["texts"])), entry["source"], ", ".join(entry["parents"]))
        for entry in _entries(record, concept)
    ]
    show_block(table(f"Anchors '{record['strategy']}'", columns, rows, words=columns), open_console())


def _cited(entry: dict[str, Any]) -> Callable[[str], str]:
    """A text, with the source and review status of a statement."""
    known = {statement["text"]: statement for statement in entry["concept"].get("statements", ())}

    def cite(text: str) -> str:
        if text not in known:
            return text
        reviewed = "reviewed" if known[text].get("reviewed") else "unreviewed"
        return f"{text} [{known[text]['source']}; {reviewed}]"

    return cite


def diff(
    first: Annotated[Path, typer.Argument(help="Directory of anchors: before.")],
    second: Annotated[Path, typer.Argument(help="Directory of anchors: after.")],
    *,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
) -> None:
    """Show which findings were added, removed or changed, and how far their vectors moved; no model is loaded."""
    from radz.anchors import compare_directories
    from radz.report.console import open_console, show_block

    difference = compare_directories(first, second)
    if format_ is Format.JSON:
        document = {**dataclasses.asdict(difference), "comparable": difference.comparable}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, markup=False)
    for line in _heading(difference):
        console.print(line, soft_wrap=True)
    if difference.added or difference.removed or difference.changed:
        show_block(_changes(difference), open_console())


def _heading(difference: Difference) -> list[str]:
    """How many of each, and how model and strategy differ."""
    counts = (difference.added, difference.removed, difference.changed)
    added, removed, changed = map(len, counts)
    lines = [f"{added} added, {removed} removed, {changed} changed, {difference.unchanged} unchanged"]
    if difference.strategies[0] != difference.strategies[1]:
        lines.append(f"another strategy: {difference.strategies[0]} -> {difference.strategies[1]}")
    lines += [f"another model, {name}: {old} -> {new}" for name, (old, new) in difference.model.items()]
    return lines if difference.comparable else [*lines, "no cosines: vectors of two models do not share a space"]


def _changes(difference: Difference) -> Table:
    from radz.report.blocks import row, table
    from radz.report.format import number

    rows = [row("added", concept, "", "") for concept in difference.added]
    rows += [row("removed", concept, "", "") for concept in difference.removed]
    for change in difference.changed:
        cosine = "" if change.cosine is None else number(change.cosine, 4)
        rows.append(row("changed", change.concept, "\n".join(_what(change)) or "vector", cosine))
    return table("Changes", ("change", "finding", "fields", "cosine"), rows, words={"finding", "fields"})


def _what(change: Change) -> list[str]:
    """A line for each field; for lists only additions and removals."""
    lines = []
    for name, (old, new) in change.fields.items():
        if isinstance(old, list) and isinstance(new, list):
            lines += [f"{name} - {item}" for item in old if item not in new]
            lines += [f"{name} + {item}" for item in new if item not in old]
        else:
            lines.append(f"{name}: {old} -> {new}")
    return lines


def _entries(record: dict[str, Any], concept: str | None) -> list[dict[str, Any]]:
    entries = {entry["id"]: entry for entry in record["concepts"]}
    if concept is None:
        return [*entries.values()]
    if concept not in entries:
        hint = "`radz anchors show` with the directory alone lists all."
        raise UnknownNameError("finding of this directory", concept, entries, hint)
    return [entries[concept]]

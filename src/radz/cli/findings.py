"""``radz findings``: what ``--finding`` can name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from radz.cli.options import Format
from radz.knowledge import Concept, KnowledgeBase, fold

FIELDS = {"id", "name", "kind", "synonyms", "body_part", "modality", "parents", "group", "source"}


def findings(
    words: Annotated[str, typer.Argument(help="Part of a name in any language of the base; all by default.")] = "",
    *,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
) -> None:
    """List the findings, devices, body parts and modalities of the knowledge base."""
    known = [concept for concept in KnowledgeBase.load(findings_file or []) if _matches(concept, fold(words))]
    if format_ is Format.JSON:
        typer.echo(json.dumps([c.model_dump(include=FIELDS) for c in known], indent=2, ensure_ascii=False))
    else:
        _print(known)


def _matches(concept: Concept, words: str) -> bool:
    return any(words in fold(name) for name in concept.every_name)


def _print(known: list[Concept]) -> None:
    from radz.report.blocks import row, table
    from radz.report.console import open_console, show_block
    from radz.report.format import counted

    columns = ("id", "name", "kind", "image of", "broader")
    rows = [row(c.id, c.name, c.kind, f"{c.body_part}, {c.modality}", ", ".join(c.parents)) for c in known]
    show_block(table(counted(len(known), "concept"), columns, rows, words=columns), open_console())

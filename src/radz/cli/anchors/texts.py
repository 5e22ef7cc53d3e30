"""``radz anchors import | write``: sentences about findings, from a document or a model, into a findings file."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.knowledge import Concept, KnowledgeBase

if TYPE_CHECKING:
    from radz.text.citations import Citations

Concepts = Annotated[list[str], typer.Option("--concept", help="Finding to look for. Repeatable.")]
Out = Annotated[Path, typer.Option(help="Findings file (YAML) to write; an existing one is extended.")]
FindingsFile = Annotated[
    list[Path] | None, typer.Option("--findings-file", help="YAML file that adds diseases. Repeatable.")
]


def import_(
    document: Annotated[Path, typer.Argument(help="English text (UTF-8, with or without Markdown headings) or PDF.")],
    *,
    concept: Concepts,
    out: Out,
    title: Annotated[str | None, typer.Option(help="Title to cite; the document's own by default.")] = None,
    accessed: Annotated[str | None, typer.Option(help="Day it was read, e.g. 2026-11-25; today by default.")] = None,
    findings_file: FindingsFile = None,
) -> None:
    """Collect a document's sentences about findings, cited and unreviewed, for --findings-file."""
    from dataclasses import replace

    from radz.knowledge.statements_file import add_statements
    from radz.text.citations import CitationFinder
    from radz.text.documents import read_document

    concepts, knowledge = named(concept, findings_file)
    read = read_document(document)
    read = replace(read, title=title) if title else read
    citations = CitationFinder(concepts, knowledge)(read, accessed or today())
    added = add_statements(out, {name: texts for name, texts in citations.statements.items() if texts})
    say_imported(citations, added, out)


def write(
    *,
    llm: Annotated[str, typer.Option(help="Backbone to write with: smollm2, or hf with --source.")],
    concept: Concepts,
    out: Out,
    source: Annotated[str | None, typer.Option(help="Checkpoint directory or hub id, for hf.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sampling.")] = 0,
    findings_file: FindingsFile = None,
) -> None:
    """Let a language model draft sentences about findings, unreviewed, for --findings-file.

    Earlier drafts of these findings in the file are replaced, reviewed ones are never.
    """
    from radz import registry
    from radz.knowledge.statements_file import replace_drafts, require_unreviewed
    from radz.model.generation import Writer
    from radz.serve.llm_statements import draft

    concepts, _ = named(concept, findings_file)
    require_unreviewed(out, [c.id for c in concepts])
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with console.status("Loading the model (the first start prepares it, a minute or two) ..."):
        writer = Writer(registry.load("backbones", llm)(source, num_layers=None))
    for each in concepts:
        drafts = draft(writer, each, seed, today())
        replace_drafts(out, {each.id: drafts})
        console.print(f"{each.id}: {len(drafts)} drafted sentences, unreviewed: {out}")


def named(names: Sequence[str], files: Sequence[Path] | None) -> tuple[list[Concept], KnowledgeBase]:
    """The concepts of these names, each once, and the base that knows them."""
    knowledge = KnowledgeBase.load(files or [])
    return [*{knowledge[name].id: knowledge[name] for name in names}.values()], knowledge


def today() -> str:
    """ISO 8601."""
    return datetime.date.today().isoformat()


def say_imported(citations: Citations, added: int, out: Path) -> None:
    """Counts per finding and per reason, to standard error."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for concept, statements in citations.statements.items():
        console.print(f"{concept}: {len(statements)} sentences, unreviewed")
    for reason, count in citations.left_out.most_common():
        console.print(f"left out: {count} ({reason})")
    console.print(f"{added} new statements: {out}. Use it with --findings-file; set `reviewed` on what you checked.")

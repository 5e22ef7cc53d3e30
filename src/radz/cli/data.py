"""``radz data``: the corpora that radz reads, and what they contain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli.console import say

if TYPE_CHECKING:
    from radz.data.label_map import LabelMap

app = typer.Typer(help="List, describe, check and convert corpora.", no_args_is_help=True)


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"


FORMAT = Annotated[Format, typer.Option("--format", help="Output format.")]
ROOT = Annotated[Path, typer.Argument(help="The corpus's directory, its table, or the URL of shards.")]
CORPUS = Annotated[str, typer.Option(help="Corpus plug-in, see `radz data list`.")]
OPTION = Annotated[
    list[str] | None, typer.Option(help="Option of the corpus: key=value (YAML; dotted keys). Repeatable.")
]
WORKERS = Annotated[int, typer.Option(min=1, help="Threads that read images.")]


@app.command("list")
def list_(*, format_: FORMAT = Format.TABLE) -> None:
    """List the corpora, where to obtain them, and their terms of use."""
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


@app.command()
def describe(root: ROOT, *, corpus: CORPUS, option: OPTION = None, format_: FORMAT = Format.TABLE) -> None:
    """Count a corpus's studies by split, label, view, sex and age; reads no image and shows no identifier."""
    from radz.data.describe import describe as count
    from radz.report.console import open_console, show
    from radz.report.corpora import description_page

    described = count(_opened(corpus, root, option), corpus)
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(described), indent=2, ensure_ascii=False))
        return
    show(description_page(described), open_console())


@app.command()
def check(
    root: ROOT,
    *,
    corpus: CORPUS,
    option: OPTION = None,
    compare_images: Annotated[bool, typer.Option(help="Also look for the same image in different files.")] = True,
    workers: WORKERS = 2,
    format_: FORMAT = Format.TABLE,
) -> None:
    """Look for missing, damaged and duplicate images, wrong labels, and patients in two splits.

    Exit code 1 if there is a serious fault.
    """
    from radz.config import parse_options
    from radz.data.check import check as check_corpus
    from radz.report.console import open_console, show
    from radz.report.corpora import check_page

    with _progress("Reading images") as progress:
        checked = check_corpus(
            corpus, root, parse_options(option or ()), workers=workers, compare_images=compare_images, progress=progress
        )
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(checked) | {"sound": checked.sound}, indent=2, ensure_ascii=False))
    else:
        show(check_page(checked), open_console())
    if not checked.sound:
        raise typer.Exit(1)


@app.command()
def fake(
    corpus: Annotated[str, typer.Argument(help="Corpus, e.g. chestxray14.")],
    directory: Annotated[Path, typer.Argument(help="Directory to write into.")],
) -> None:
    """Write three made-up studies in a corpus's official layout, for trying things out."""
    from radz import registry

    plugin = registry.load("corpora", corpus)
    directory.mkdir(parents=True, exist_ok=True)
    root = plugin.fake(directory)
    typer.echo(root)


@app.command()
def convert(
    root: ROOT,
    out: Annotated[str, typer.Argument(help="Directory or URL (fsspec) to write the shards to.")],
    *,
    corpus: CORPUS,
    option: OPTION = None,
    size: Annotated[
        int, typer.Option(min=0, help="Side of the stored images in pixels; 0 keeps the original size.")
    ] = 224,
    workers: WORKERS = 2,
) -> None:
    """Convert a corpus to shards, which the corpus `shards` reads. Exit code 1 if an image could not be read."""
    from radz.data.conversion import convert as write
    from radz.leakage.membership import origin_of

    source = _opened(corpus, root, option)
    with _progress("Converting") as progress:
        converted = write(
            source, out, size or None, origin=origin_of(source, corpus), workers=workers, progress=progress
        )
    for study, reason in converted.unreadable.items():
        say(f"unreadable: {study}: {reason}")
    say(f"{converted.studies} studies in {converted.shards} shards: {out}")
    if converted.unreadable:
        raise typer.Exit(1)


@app.command()
def overlap(
    first: Annotated[str, typer.Argument(help="CORPUS=ROOT")],
    second: Annotated[str, typer.Argument(help="CORPUS=ROOT to compare it with.")],
    *,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of a corpus: first.key=value or second.key=value. Repeatable.")
    ] = None,
    aliases: Annotated[
        Path | None,
        typer.Option(help="Names of images in another corpus: a CSV with film,original, or RSNA's mapping."),
    ] = None,
    compare_images: Annotated[bool, typer.Option(help="Also compare the pixels.")] = False,
    workers: WORKERS = 2,
    format_: FORMAT = Format.TABLE,
) -> None:
    """Show the images and patients that two corpora share, by id or by pixels. Exit code 1 if they share any."""
    from radz.config import parse_options
    from radz.data.aliases import read_aliases
    from radz.data.check import compare

    options = parse_options(option or ())
    sides = [_side(text, options.get(key) or {}) for text, key in ((first, "first"), (second, "second"))]
    names = None if aliases is None else read_aliases(aliases)
    with _progress("Comparing images") as progress:
        overlap = compare(
            *sides[0], *sides[1], aliases=names, compare_images=compare_images, workers=workers, progress=progress
        )
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(overlap) | {"lines": overlap.lines(f"in {second}")}, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(overlap.lines(f"in {second}")) or f"{first} and {second} share no image and no patient.")
    if overlap.shared:
        raise typer.Exit(1)


@app.command("map")
def map_(
    first: Annotated[str, typer.Argument(help="Corpus, e.g. chestxray14.")],
    second: Annotated[str, typer.Argument(help="Corpus to compare it with, e.g. vindr.")],
    *,
    format_: FORMAT = Format.TABLE,
) -> None:
    """Show the labels that two corpora share and how they relate, and why the others are left out."""
    from dataclasses import asdict

    from radz.data.label_map import map_labels

    mapped = map_labels(first, second)
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(mapped), indent=2, ensure_ascii=False))
        return
    _show_map(mapped)


def _show_map(mapped: LabelMap) -> None:
    from radz.data.label_map import grouped_by_reason
    from radz.report.blocks import row, table
    from radz.report.console import open_console, show_block

    console = open_console()
    columns = (mapped.first, "relation", mapped.second, "concept")
    rows = [row(each.label, each.relation.value, ", ".join(each.others), each.concept) for each in mapped.shared]
    if rows:
        show_block(table(f"Labels of {mapped.first} and {mapped.second}", columns, rows, words=columns), console)
    else:
        console.print(f"{mapped.first} and {mapped.second} share no label")
    for (corpus, why), labels in grouped_by_reason(mapped).items():
        console.print(f"left out of {corpus}: {', '.join(labels)}\n  because: {why}", soft_wrap=True)


def _opened(corpus: str, root: Path, option: list[str] | None) -> Any:
    from radz import registry
    from radz.config import parse_options

    return registry.load("corpora", corpus)(root, **parse_options(option or ()))


def _side(text: str, options: Any) -> tuple[str, Any]:
    """``CORPUS=ROOT`` -> the corpus's name, and the corpus opened."""
    from radz import registry
    from radz.errors import ConfigError

    name, equals, root = text.partition("=")
    if not equals:
        raise ConfigError(f"A corpus is given as CORPUS=ROOT, got '{text}'. Example: chestxray14=/data/ChestX-ray14")
    return name, registry.load("corpora", name)(root, **options)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar: a function of the number of images done and of all."""
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

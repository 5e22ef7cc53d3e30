"""``radz predict``: images in, ranked findings out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from radz.types import Result


def predict(
    paths: Annotated[list[Path], typer.Argument(help="Images (PNG, JPEG, TIFF, DICOM) or folders of them.")],
    *,
    finding: Annotated[
        list[str] | None,
        typer.Option(
            help='Finding to score: a known name, "name: description" for a new one, "group:infectious" for one group, '
            'or "all" for every finding that fits the model. Repeatable.'
        ),
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Findings shown per image in the table.")] = 10,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="table, json or csv; by default the suffix of --out, or else table."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
    inverted: Annotated[
        bool | None,
        typer.Option("--inverted/--not-inverted", help="Dense parts are dark, or bright; by default the file decides."),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="File of `radz calibrate`; the one in the checkpoint by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Rank findings in radiographs by zero-shot score. Exit code 1 if any file was refused."""
    from radz.imaging.find import find_images
    from radz.results import format_of, open_writer

    name = format_ or (format_of(out) if out else "table")
    open_writer(name)  # an unknown format is refused before any image is read
    images = find_images(paths)
    settings = {"source": source, "findings": findings_file or [], "inverted": inverted, "calibration": calibration}
    results = _score(images, finding, model, settings, batch_size)
    _write(results, name, top, out)
    refused = [r for r in results if r.error]
    console = Console(stderr=True, highlight=False, markup=False)
    for result in refused:
        console.print(f"refused: {result.error}", soft_wrap=True)
    if refused:
        console.print(f"{len(refused)} of {len(results)} images were refused.")
        raise typer.Exit(1)


def _score(
    images: list[Path], finding: list[str] | None, model: Path | None, settings: dict[str, Any], batch_size: int
) -> list[Result]:
    from rich.progress import track

    from radz.serve.predictor import Predictor

    console = Console(stderr=True)
    with console.status("Loading the model (the first start prepares it, a minute or two) ..."):
        predictor = Predictor.load(model, **settings)
        stream = predictor.stream(images, finding, batch_size)
    return list(track(stream, "Scoring", total=len(images), console=console, transient=True))


def _write(results: list[Result], name: str, top: int, out: Path | None) -> None:
    from radz.results import open_writer, write_file

    if out is None:
        open_writer(name).write(results, sys.stdout, top=top)
    else:
        write_file(results, out, name, top=top)

"""``radz predict``: images in, ranked findings out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.cli.console import progress_bar, say
from radz.cli.interruption import Interruptible, interruptible
from radz.errors import ConfigError

if TYPE_CHECKING:
    from radz.serve.predictor import Predictor
    from radz.types import Result


def predict(
    paths: Annotated[list[str], typer.Argument(help="Images (PNG, JPEG, TIFF, DICOM) or folders of them.")],
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
    skip: Annotated[
        int, typer.Option(min=0, help="Leave out the first images, those that an interrupted run has done.")
    ] = 0,
) -> None:
    """Rank findings in radiographs by zero-shot score. Exit code 1 if any file was refused."""
    from radz.imaging.find import find_images
    from radz.results import format_of, require_writable, writer_class

    name = format_ or (format_of(out) if out else "table")
    writer_class(name)  # a wrong format or output place is refused before the model is loaded
    if out is not None:
        require_writable(out)
    images = _remaining(find_images([_named(path) for path in paths]), skip)
    settings = {"source": source, "findings": findings_file or [], "inverted": inverted, "calibration": calibration}
    predictor = _load(model, settings)
    refused: list[str] = []
    stream = predictor.stream(images, finding, batch_size)
    hidden = out is None and sys.stdout.isatty()  # tables on the terminal are progress enough
    with (
        progress_bar("Scoring", len(images), hidden=hidden) as advance,
        interruptible(_watched(stream, refused, advance)) as results,
    ):
        _write(results, name, top, out)
    for reason in refused:
        say(f"refused: {reason}")
    if refused:
        say(f"{len(refused)} of {results.done} images were refused.")
    if results.signal is not None:
        say(_interrupted(results, len(images), skip, out))
        raise typer.Exit(128 + results.signal)
    if refused:
        raise typer.Exit(1)


def _named(path: str) -> Path:
    """Raises ConfigError for an empty name, which pathlib takes for the working directory."""
    if not path.strip():
        raise ConfigError("One of the paths is empty. Name an image or a folder; the working directory is '.'.")
    return Path(path)


def _remaining(images: Sequence[Path], skip: int) -> Sequence[Path]:
    """The images after the first ``skip``. Raises ConfigError if none is left."""
    if skip >= len(images):
        raise ConfigError(f"--skip {skip} leaves no image: there are {len(images)}. Give a smaller number.")
    return images[skip:]


def _load(model: Path | None, settings: dict[str, Any]) -> Predictor:
    from radz.serve.predictor import Predictor

    with Console(stderr=True).status("Loading the model (the first start prepares it, a minute or two) ..."):
        return Predictor.load(model, **settings)


def _watched(stream: Iterable[Result], refused: list[str], advance: Callable[[int], None]) -> Iterator[Result]:
    """The stream; reasons of refusals are added to ``refused``, and progress is shown."""
    for result in stream:
        if result.error:
            refused.append(result.error)
        yield result
        advance(1)


def _write(results: Iterable[Result], name: str, top: int, out: Path | None) -> None:
    from radz.results import write_file, write_stream

    if out is None:
        write_stream(results, sys.stdout, name, top=top)
    else:
        write_file(results, out, name, top=top)


def _interrupted(results: Interruptible[Result], total: int, skip: int, out: Path | None) -> str:
    assert results.signal is not None
    place = "above" if out is None else f"in {out}"
    return (
        f"Interrupted by {results.signal.name}: {results.done} of {total} images are done, their results are {place}. "
        f"For the others, run the same command with --skip {skip + results.done} and another --out."
    )

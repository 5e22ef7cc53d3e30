"""``radz predict``: images in, ranked findings out."""

from __future__ import annotations

import csv
import io
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from radz.types import RESEARCH_USE

if TYPE_CHECKING:
    from rich.table import Table

    from radz.types import Result

COLUMNS = ("image", "finding", "score", "probability", "exposure", "note", "in_set", "abstained")


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def predict(
    paths: Annotated[list[Path], typer.Argument(help="Images (PNG, JPEG, TIFF, DICOM) or folders of them.")],
    *,
    finding: Annotated[
        list[str] | None,
        typer.Option(
            help='Finding to score: a known name, "name: description" for a new one, "group:infectious" for one group, '
            'or "all" that the base has for such images. Repeatable.'
        ),
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Findings shown per image in the table.")] = 10,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
    inverted: Annotated[
        bool | None,
        typer.Option(
            "--inverted/--not-inverted", help="Films are dark where dense, or not; by default their files tell."
        ),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="File of `radz calibrate`; the one in the checkpoint by default.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Rank findings in radiographs by zero-shot score. Exit code 1 if any file was refused."""
    from radz.imaging.find import find_images

    images = find_images(paths)
    settings = {"source": source, "findings": findings_file or [], "inverted": inverted, "calibration": calibration}
    results = _score(images, finding, model, settings, batch_size)
    _write(results, format_, top, out)
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


def _write(results: list[Result], format_: Format, top: int, out: Path | None) -> None:
    if format_ is Format.TABLE:
        with out.open("w", encoding="utf-8") if out else io.StringIO() as file:
            console = Console(file=file, width=100) if out else Console()
            for result in results:
                if not result.error:
                    console.print(_table(result, top))
            console.print(RESEARCH_USE, highlight=False)
        return
    text = as_json(results) if format_ is Format.JSON else as_csv(results)
    if out:
        out.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


def as_csv(results: list[Result]) -> str:
    """Long form, one line per image and finding; a refused image has one line with its reason in ``note``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        if result.error:
            writer.writerow((result.image, "", "", "", "", f"refused: {result.error}", "", ""))
        for f in result.findings:
            probability = "" if f.probability is None else f"{f.probability:.6g}"
            own = (f.name, f"{f.score:.6g}", probability, f.exposure.value, f.note, _yes_or_no(f.in_set))
            writer.writerow((result.image, *own, result.abstained))
    return buffer.getvalue()


def as_json(results: list[Result]) -> str:
    """The same as one JSON document."""
    from radz.serve.predictor import as_record

    document = {"notice": RESEARCH_USE, "results": [as_record(r) for r in results]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _table(result: Result, top: int) -> Table:
    """Probability and set are shown where any finding of the film has one; reasons stand below."""
    from rich.markup import escape
    from rich.table import Table

    shown = result.top(top)
    judged = any(f.probability is not None or f.in_set is not None for f in shown)
    table = Table(
        title=escape(result.image), title_justify="left", caption=_caption(result, top), caption_justify="left"
    )
    for name in ("", "finding", "score", *(("probability", "in set") if judged else ()), "exposure"):
        table.add_column(name, justify="left" if name in ("finding", "exposure") else "right")
    for rank, finding in enumerate(shown, start=1):
        own = (_percent(finding.probability), _yes_or_no(finding.in_set)) if judged else ()
        table.add_row(str(rank), finding.name, f"{finding.score:+.3f}", *own, finding.exposure.value)
    return table


def _caption(result: Result, top: int) -> str:
    """Why the film is not judged, and each note with the findings that it is about."""
    from rich.markup import escape

    about: dict[str, list[str]] = {}
    for finding in result.top(top):
        about.setdefault(finding.note, []).append(finding.name)
    lines = [f"not judged: {result.abstained}"] if result.abstained else []
    lines += [f"{note} ({', '.join(names) if len(about) > 1 else 'all'})" for note, names in about.items() if note]
    return escape("\n".join(lines))


def _percent(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.0%}"


def _yes_or_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"

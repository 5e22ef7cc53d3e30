"""``radz report``: files of raw scores in, one page out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radz.cli.console import say
from radz.cli.options import Uncertain
from radz.errors import ConfigError


def report(
    *,
    scores: Annotated[
        list[Path],
        typer.Argument(help="Scores of `radz evaluate`; further files are models to compare with, or controls."),
    ],
    out: Annotated[
        list[Path] | None,
        typer.Option(help="File to write: .html, .md or .json; by default HTML, next to the scores. Repeatable."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    uncertain: Annotated[Uncertain, typer.Option(help="What uncertain labels count as.")] = Uncertain.IGNORE,
    thresholds: Annotated[
        list[Path] | None, typer.Option(help="File of `radz thresholds`, chosen on validation scores. Repeatable.")
    ] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    hardest_cases: Annotated[
        int,
        typer.Option(min=0, help="Missed images to embed for each finding, and as many false alarms. Needs --root."),
    ] = 0,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory or table, for --hardest-cases.")] = None,
) -> None:
    """Write an evaluation as one HTML page without scripts or requests, as Markdown or as JSON."""
    from radz.experiments.evaluate import evaluate as run
    from radz.report.page import check_path

    paths = out or [scores[0].with_suffix(".html")]
    for path in paths:
        check_path(path)
    if hardest_cases and root is None:
        raise ConfigError("--hardest-cases embeds images: say with --root FOLDER where the corpus is.")
    result = run(
        scores=scores,
        draws=draws,
        seed=seed,
        uncertain=uncertain.value,
        thresholds=thresholds or (),
        findings_files=findings_file or (),
    )
    cases = result.hardest_cases(root, hardest_cases) if root and hardest_cases else ()
    for path in result.write_report(paths, cases):
        say(f"report: {path}")
    if any(case.image for case in cases):
        say("The HTML holds pixels of patients' images: pass it on only as you would pass on the images.")

"""``radz evaluate``: a model and a labelled corpus in, raw scores and metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radz.cli.console import list_files, list_unreadable, progress_bar, say
from radz.cli.options import STRATA, Format, Uncertain

if TYPE_CHECKING:
    from radz.experiments.outcome import EvaluationResult


def evaluate(
    *,
    corpus: Annotated[str | None, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")] = None,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory, or its table.")] = None,
    split: Annotated[str, typer.Option(help="Split to evaluate.")] = "test",
    fold: Annotated[
        str | None, typer.Option(help="k/n, with --split val: the fold that training with data.fold left out.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value (YAML; dotted keys). Repeatable.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
    anchors: Annotated[str | None, typer.Option(help="Anchor strategy; the model's own by default.")] = None,
    prompts: Annotated[
        str | None,
        typer.Option(help="default, paraphrases (reports median and worst), or a YAML file of prompts."),
    ] = None,
    controls: Annotated[
        bool,
        typer.Option(help="Also run shortcut controls: no image, another patient's, negated prompts, source and view."),
    ] = False,
    finding: Annotated[list[str] | None, typer.Option(help="Finding to score; all of the corpus by default.")] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    stratum: Annotated[
        list[str] | None, typer.Option(help="Metadata key that strata share: source and view by default. Repeatable.")
    ] = None,
    from_scores: Annotated[
        list[Path] | None,
        typer.Option(help="Evaluate this scores file instead; further files are models to compare with. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder or .parquet file for the scores; the current folder by default.")
    ] = None,
    report: Annotated[
        list[Path] | None, typer.Option(help="Also write the evaluation as a page: .html, .md or .json. Repeatable.")
    ] = None,
    cost: Annotated[
        bool, typer.Option(help="Also measure the cost of scoring on this machine: size, FLOPs, memory and speed.")
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    uncertain: Annotated[Uncertain, typer.Option(help="What uncertain labels count as.")] = Uncertain.IGNORE,
    thresholds: Annotated[
        list[Path] | None, typer.Option(help="File of `radz thresholds`, chosen on validation scores. Repeatable.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="File of `radz calibrate`; the one in the checkpoint by default.")
    ] = None,
    zero_shot: Annotated[
        bool, typer.Option(help="Refuse to run unless the model has seen none of the findings, images and patients.")
    ] = False,
    allow_supervised: Annotated[
        bool, typer.Option(help="Run what --zero-shot would refuse, and call the result supervised.")
    ] = False,
    aliases: Annotated[
        Path | None,
        typer.Option(help="Names of images in another corpus: a CSV with film,original, or RSNA's mapping."),
    ] = None,
    check_overlap: Annotated[
        Path | None,
        typer.Option(help="Directory of the training corpus: also compare its images with these by pixels."),
    ] = None,
    overlap_option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus of --check-overlap: key=value. Repeatable.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Evaluate a model on a labelled corpus. Exit code 1 if an image could not be read."""
    from radz.experiments.evaluate import evaluate as run
    from radz.report.page import check_path

    for path in report or ():
        check_path(path)
    result = run(
        model,
        corpus=corpus,
        root=root,
        split=split,
        options=option or (),
        fold=fold,
        scores=from_scores or (),
        source=source,
        anchors=anchors,
        prompts=prompts,
        controls=controls,
        findings=finding,
        findings_files=findings_file or (),
        strata=stratum or STRATA,
        out=out or Path(),
        cost=cost,
        draws=draws,
        seed=seed,
        uncertain=uncertain.value,
        thresholds=thresholds or (),
        calibration=calibration,
        zero_shot=zero_shot,
        allow_supervised=allow_supervised,
        aliases=aliases,
        trained_root=check_overlap,
        trained_options=overlap_option or (),
        batch_size=batch_size,
        progress=progress_bar,
    )
    list_files(result.files)
    _show(result, format_, by_finding=bool(from_scores))
    for path in result.write_report(report) if report else ():
        say(f"report: {path}")
    list_unreadable(result.unreadable)


def _show(result: EvaluationResult, format_: Format, *, by_finding: bool) -> None:
    from radz.report.console import open_console, show
    from radz.report.page import console_page

    if format_ is Format.JSON:
        typer.echo(result.to_json())
        return
    show(console_page(result.rows, by_finding=by_finding), open_console())

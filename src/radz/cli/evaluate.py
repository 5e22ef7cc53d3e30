"""``radz evaluate``: a model and a labelled corpus in, raw scores and metrics with intervals out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.cli._checks import split_prompts
from radz.cli._opening import load_predictor, make_target
from radz.cli._overlap import shared_with_training
from radz.cli._pages import write_pages
from radz.cli._rows import How, model_rows, named
from radz.cli._run import Run, trained_count
from radz.cli.options import Format, Uncertain
from radz.cli.thresholds import read_each

if TYPE_CHECKING:
    from radz.metrics.scores_file import ScoresProvenance, ScoresTable
    from radz.report.contents import ModelRow


def evaluate(
    *,
    corpus: Annotated[str | None, typer.Option(help="Corpus plug-in, e.g. chestxray14 or manifest.")] = None,
    root: Annotated[Path | None, typer.Option(help="The corpus's directory, or its table.")] = None,
    split: Annotated[str, typer.Option(help="Split to evaluate.")] = "test",
    fold: Annotated[
        str | None, typer.Option(help="k/n, with --split val: the fold that a training under data.fold left out.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus: key=value, YAML, dotted keys. Repeatable.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Checkpoint directory; the shipped one by default.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the backbone's weights are, if not where trained.")] = None,
    anchors: Annotated[str | None, typer.Option(help="Anchor strategy; the model's own by default.")] = None,
    prompts: Annotated[
        str | None,
        typer.Option(help="default, paraphrases (median and worst are reported), or a YAML file of prompts."),
    ] = None,
    controls: Annotated[
        bool, typer.Option(help="Shortcut controls too: no film, another's film, negated prompts, source and view.")
    ] = False,
    finding: Annotated[list[str] | None, typer.Option(help="Finding to score; all of the corpus by default.")] = None,
    findings_file: Annotated[list[Path] | None, typer.Option(help="YAML file that adds diseases. Repeatable.")] = None,
    stratum: Annotated[
        list[str] | None, typer.Option(help="Metadata key that strata share: source and view by default. Repeatable.")
    ] = None,
    from_scores: Annotated[
        list[Path] | None,
        typer.Option(help="Compute from this scores file instead; more files are models to compare. Repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder or .parquet file for the scores; here by default.")] = None,
    report: Annotated[
        list[Path] | None, typer.Option(help="Write the evaluation as a page too: .html, .md or .json. Repeatable.")
    ] = None,
    cost: Annotated[
        bool, typer.Option(help="Measure too what scoring costs: size, FLOPs, memory and speed on this machine.")
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
        bool, typer.Option(help="Refuse to run unless the model has met none of the findings, films and patients.")
    ] = False,
    allow_supervised: Annotated[
        bool, typer.Option(help="Run what --zero-shot would refuse, and call its result supervised.")
    ] = False,
    aliases: Annotated[
        Path | None, typer.Option(help="List of names that films have in another corpus: film,original or the RSNA's.")
    ] = None,
    check_overlap: Annotated[
        Path | None, typer.Option(help="Where the corpus trained on lies: compare its pictures with these too.")
    ] = None,
    overlap_option: Annotated[
        list[str] | None, typer.Option(help="Option of the corpus of --check-overlap: key=value. Repeatable.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Evaluate a model on a labelled corpus. Exit code 1 if an image could not be read."""
    from radz.eval.robustness import partition
    from radz.eval.scoring import STRATA
    from radz.leakage.claims import check_claim, named_by_claim
    from radz.metrics.scores_file import read_scores
    from radz.report.page import check_path

    for path in report or ():
        check_path(path)
    notes: dict[str, str] = {}
    pair, pairs = split_prompts(prompts, anchors)
    chosen = read_each(thresholds or ())
    claim = partial(check_claim, zero_shot=zero_shot, allow_supervised=allow_supervised)
    if from_scores:
        (first, *others), checks = partition([read_scores(path) for path in from_scores])
        tables = named([replace(first, provenance=claim(first.provenance)), *others])
    else:
        target = make_target(corpus, root, split, option or (), fold)
        predictor = load_predictor(model, source, findings_file or (), calibration)
        shared = partial(
            shared_with_training, aliases=aliases, training_root=check_overlap, training_options=overlap_option or ()
        )
        run = Run(predictor, target, tuple(stratum or STRATA), anchors, finding, seed, batch_size, pair)
        tables, notes = run.score(claim, shared, trained_count(model) if cost else None)
        path = _write(tables, out)  # before the checks, which take longer and may be interrupted
        checks = run.check(next(iter(tables.values())), pairs, controls=controls, draws=draws)
        _write_beside(path, checks.files())
    how = How(draws, seed, uncertain.value, findings_file or (), chosen)
    rows = model_rows(tables, checks, notes, how)
    _show(rows, format_, by_finding=bool(from_scores))
    if report:
        made = next(iter(tables.values())).provenance
        write_pages(rows, tables, [named_by_claim(path, made.claim) for path in report], how.uncertain)
    _list_unreadable(next(iter(tables.values())).provenance)


def _write(tables: Mapping[str, ScoresTable], out: Path | None) -> Path:
    """Write the first table's scores to the file that is returned, the others' beside it."""
    from radz.leakage.claims import named_by_claim

    made = next(iter(tables.values())).provenance
    path = named_by_claim(_scores_path(made, out), made.claim)
    (_, first), *others = tables.items()
    _save(first, path)
    _write_beside(path, dict(others))
    return path


def _write_beside(path: Path, tables: Mapping[str, ScoresTable]) -> None:
    for name, table in tables.items():
        _save(table, path.with_name(f"{path.stem}.{name}.parquet"))


def _save(table: ScoresTable, file: Path) -> None:
    from radz.metrics.scores_file import write_scores

    write_scores(table, file)
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"scores: {file}")


def _scores_path(made: ScoresProvenance, out: Path | None) -> Path:
    if out is not None and out.suffix == ".parquet":
        return out
    parts = (made.model, made.fingerprint[:8], made.corpus, made.split)
    return (out or Path()) / f"scores-{'-'.join(filter(None, parts))}.parquet"


def _show(rows: Sequence[ModelRow], format_: Format, by_finding: bool) -> None:
    from radz.report.console import open_console, show
    from radz.report.page import console_page
    from radz.report.record import as_record

    if format_ is Format.JSON:
        typer.echo(json.dumps(as_record(rows), indent=2, ensure_ascii=False, default=str))
        return
    show(console_page(rows, by_finding=by_finding), open_console())


def _list_unreadable(made: ScoresProvenance) -> None:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for study, reason in made.unreadable.items():
        console.print(f"unreadable: {study}: {reason}")
    if made.unreadable:
        console.print(f"{len(made.unreadable)} image(s) could not be read and are not in the result.")
        raise typer.Exit(1)

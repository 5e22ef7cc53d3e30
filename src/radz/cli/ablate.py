"""``radz ablate``: runs the arms of a plan; writes a table with intervals and a page."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.cli.console import say
from radz.errors import ConfigError, MissingExtraError, UnknownNameError

if TYPE_CHECKING:
    from radz.experiments.ablation.plan import Ablation, Cell
    from radz.experiments.ablation.runs import Place, Run


def ablate(
    plan: Annotated[Path, typer.Argument(help="YAML plan of arms; configs/ablations/ holds the shipped ones.")],
    *,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting of every arm: a.b=value. Repeatable.")
    ] = None,
    arm: Annotated[list[str] | None, typer.Option(help="Run only this arm. Repeatable.")] = None,
    fold: Annotated[
        list[int] | None, typer.Option(min=1, help="Run only this fold, counted from 1. Repeatable.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Directory of runs, tables and pages, shared by plans.")] = Path(
        "runs/ablations"
    ),
    devices: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time: all GPUs by default, one on the CPU.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs and their states; run nothing.")] = False,
) -> None:
    """Run the unfinished runs of a plan and show its table. Exit code 1 if a run failed.

    Finished runs are skipped, partial ones resume; plans share the runs that they have in common.
    """
    from radz.experiments.ablation.plan import load_ablation
    from radz.experiments.ablation.runs import Store

    ablation = load_ablation(plan, set_ or ())
    if unknown := [name for name in arm or () if name not in ablation.arms]:
        raise UnknownNameError(f"arm of {ablation.name}", unknown[0], ablation.arms)
    if beyond := [k for k in fold or () if k > ablation.plan.folds]:
        raise ConfigError(f"--fold {beyond[0]}: {ablation.name} has the folds 1 to {ablation.plan.folds}.")
    store = Store(output)
    places = store.add(ablation.cells)
    runs = store.runs_for(places[c.arm, c.seed, c.fold] for c in ablation.cells if _wanted(c, arm, fold))
    if dry_run:
        _list(runs, ablation, places)
        return
    try:
        failed = _make(runs, devices)
    finally:  # interrupted, too: unfinished cells are empty
        _report(ablation, places, output)
    for name, why in failed.items():
        say(f"failed: {name}: {why}")
    if failed:
        raise typer.Exit(1)


def _wanted(cell: Cell, arms: list[str] | None, folds: list[int] | None) -> bool:
    from radz.data.views.folds import Fold

    return (not arms or cell.arm in arms) and (not folds or Fold.parse(cell.fold).number in folds)


def _list(runs: Iterable[Run], ablation: Ablation, places: dict[Place, Path]) -> None:
    """Every run with its state and the cells it belongs to."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    cells: dict[str, list[str]] = {}
    for (name, seed, fold), path in places.items():
        cells.setdefault(path.parent.name, []).append(f"{name} [seed {seed}, fold {fold}]")
    states = []
    for run in runs:
        what = "; ".join(cells.get(run.name, ["a start of others"]))
        start = f" from {run.start.name}" if run.start else ""
        console.print(f"{run.state:<7} {run.name}{start}  {what}")
        states.append(run.state)
    counts = ", ".join(
        f"{states.count(state)} {state}" for state in ("done", "lacking", "begun", "to do") if state in states
    )
    console.print(
        f"{ablation.plan.title}: {len(places)} cells of {len(ablation.arms)} arms, {len(states)} runs: {counts}"
    )


def _make(runs: list[Run], count: int | None) -> dict[str, str]:
    from radz.experiments.ablation.pool import devices, make_all

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    left = sum(bool(run.missing) for run in runs)
    console.print(f"{len(runs) - left} of {len(runs)} runs are done, {left} to go")
    return make_all(runs, devices(count), lambda run, what: console.print(f"{run.name}: {what} ({run.folder})"))


def _report(ablation: Ablation, places: dict[Place, Path], output: Path) -> None:
    """Write the record and its pages, and show the arms."""
    from radz.experiments.ablation.page import page_of, summary_page
    from radz.experiments.ablation.record import record_of, write_record
    from radz.report import html, markdown
    from radz.report.console import open_console, show
    from radz.storage import atomic_file

    record = record_of(ablation, places)
    write_record(record, output / f"{ablation.name}.json")
    pages = {output / f"{ablation.name}.md": markdown.render(page_of(record))}
    with suppress(MissingExtraError):  # Markdown says the same
        pages[output / f"{ablation.name}.html"] = html.render(page_of(record))
    for path, text in pages.items():
        with atomic_file(path) as partial:
            partial.write_text(text, encoding="utf-8")
    show(summary_page(record), open_console())
    typer.echo(f"page: {next(iter(pages))}")

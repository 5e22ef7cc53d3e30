"""``radz ablate``: a plan of arms in, runs, a table with intervals and a page out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from radz.errors import ConfigError, MissingExtraError, UnknownNameError

if TYPE_CHECKING:
    from radz.experiments.ablation.plan import Ablation, Cell
    from radz.experiments.ablation.runs import Place, Run


def ablate(
    plan: Annotated[Path | None, typer.Argument(help="YAML plan of arms; shipped are configs/ablations/.")] = None,
    *,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override one setting of every arm: a.b=value. Repeatable.")
    ] = None,
    arm: Annotated[list[str] | None, typer.Option(help="Run only this arm. Repeatable.")] = None,
    fold: Annotated[list[int] | None, typer.Option(min=1, help="Run only this fold, from 1 on. Repeatable.")] = None,
    output: Annotated[Path, typer.Option(help="Directory of runs, tables and pages, shared by plans.")] = Path(
        "runs/ablations"
    ),
    devices: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time: all GPUs by default, one on the CPU.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Run nothing: make the page of results from this directory's records.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write that page; it is shown by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs and what is done of them.")] = False,
) -> None:
    """Run what is not done of a plan and show its table. Exit code 1 if a run failed.

    The same command goes on where it was interrupted; plans share the runs that they have in common.
    """
    from radz.experiments.ablation.plan import load_ablation
    from radz.experiments.ablation.runs import Store

    if results is not None:
        _write_page(results, out)
        return
    if plan is None:
        raise ConfigError("Give a plan, e.g. configs/ablations/components.yaml, or --results DIR.")
    ablation = load_ablation(plan, set_ or ())
    if unknown := [name for name in arm or () if name not in ablation.arms]:
        raise UnknownNameError(f"arm of {ablation.name}", unknown[0], ablation.arms)
    if beyond := [k for k in fold or () if k > ablation.plan.folds]:
        raise ConfigError(f"--fold {beyond[0]}: {ablation.name} has {ablation.plan.folds} folds, from 1 on.")
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
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"failed: {name}: {why}")
    if failed:
        raise typer.Exit(1)


def _wanted(cell: Cell, arms: list[str] | None, folds: list[int] | None) -> bool:
    from radz.data.views.folds import Fold

    return (not arms or cell.arm in arms) and (not folds or Fold.parse(cell.fold).number in folds)


def _write_page(results: Path, out: Path | None) -> None:
    from radz.experiments.ablation.results import read_records, results_page

    page = results_page(read_records(results), str(results))
    if out is None:
        typer.echo(page)
    else:
        out.write_text(page, encoding="utf-8")


def _list(runs: Iterable[Run], ablation: Ablation, places: dict[Place, Path]) -> None:
    """Every run with its state, and the cells that it is for."""
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
    from radz.experiments.ablation.table import (
        arms_rows,
        html_page_of,
        markdown,
        notes,
        page_of,
        record_of,
        write_record,
    )

    record = record_of(ablation, places)
    write_record(record, output / f"{ablation.name}.json")
    page = output / f"{ablation.name}.md"
    page.write_text(page_of(record), encoding="utf-8")
    with suppress(MissingExtraError):  # Markdown says the same
        page.with_suffix(".html").write_text(html_page_of(record), encoding="utf-8")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for part in (record["title"], markdown(*arms_rows(record)), *notes(record), f"page: {page}"):
        console.print(part + "\n")

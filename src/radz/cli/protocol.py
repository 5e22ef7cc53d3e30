"""``radz protocol``: trains what a protocol asks for; writes raw scores and one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radz.cli.console import progress_bar, say


def protocol(
    plan: Annotated[Path, typer.Argument(help="YAML protocol; configs/protocols/ holds the shipped ones.")],
    *,
    model: Annotated[
        Path | None, typer.Option(help="Checkpoint directory; the shipped one by default. Not for held_out.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the backbone's weights are, if they moved after training.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting of the protocol: a.b=value. Repeatable.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Directory of runs, scores and pages.")] = Path("runs/protocols"),
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per forward pass.")] = 16,
) -> None:
    """Run a held-out, zero-shot or linear protocol and show its table. Interrupted trainings resume."""
    from radz.experiments.protocol import protocol as run
    from radz.report.console import open_console, show

    result = run(
        plan,
        set_ or (),
        model=model,
        source=source,
        output=output,
        draws=draws,
        seed=seed,
        batch_size=batch_size,
        progress=progress_bar,
    )
    for path in result.files:
        say(f"scores: {path}")
    for note in result.notes:
        say(note)
    show(result.page, open_console())

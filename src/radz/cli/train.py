"""``radz train``: a configuration file in, a checkpoint directory out."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def train(
    config: Annotated[
        Path, typer.Argument(help="YAML run configuration or plan of stages; configs/ holds the shipped ones.")
    ],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override a setting: a.b=value. Repeatable.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Train this baseline on the same pairs instead: dual_encoder.")
    ] = None,
    text_encoder: Annotated[
        str | None, typer.Option(help="Sentence encoder of dual_encoder, a directory or hub id; MiniLM by default.")
    ] = None,
) -> None:
    """Train a model, or resume the run that was interrupted in the same output directory.

    The stages of a plan are trained in order; finished ones are skipped.
    """
    from radz.experiments.train import train as run

    command = shlex.join(["radz", *sys.argv[1:]])
    result = run(config, set_ or (), baseline=baseline, text_encoder=text_encoder, command=command)
    for checkpoint in result.checkpoints:
        Console().print(f"checkpoint: {checkpoint}", highlight=False, markup=False)

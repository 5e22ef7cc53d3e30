"""``radz train``: a configuration file in, a checkpoint directory out."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from radz.config import RunConfig
    from radz.model.radz import RadZ
    from radz.train.run import Validate


def train(
    config: Annotated[Path, typer.Argument(help="YAML run configuration; shipped ones are in configs/.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override one setting: a.b=value. Repeatable.")] = None,
) -> None:
    """Train a model, or resume the run that was interrupted in the same output directory."""
    from radz.config import load_config
    from radz.train.run import train as run

    settings = load_config(config, set_ or ())
    checkpoint = run(settings, _validation(settings), command=shlex.join(["radz", *sys.argv[1:]]))
    Console().print(f"checkpoint: {checkpoint}", highlight=False, markup=False)


def _validation(settings: RunConfig) -> Validate:
    """Macro AUROC on the validation split after each epoch."""
    from radz import registry
    from radz.eval.zero_shot import evaluate
    from radz.knowledge import KnowledgeBase
    from radz.model.zero_shot import RadzZeroShot

    data = settings.data
    corpus = registry.load("corpora", data.corpus)(data.root, split=data.val_split, **data.options)
    build = registry.load("anchors", settings.anchors)

    def validate(model: RadZ) -> dict[str, float]:
        raise NotImplementedError(corpus, build, evaluate, KnowledgeBase, RadzZeroShot)

    return validate

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
    from radz.train.train import Validate


def train(
    config: Annotated[Path, typer.Argument(help="YAML run configuration or plan of stages; shipped are configs/.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override one setting: a.b=value. Repeatable.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Train this baseline on the same pairs instead: dual_encoder.")
    ] = None,
    text_encoder: Annotated[
        str | None, typer.Option(help="Sentence encoder of dual_encoder, a directory or hub id; MiniLM by default.")
    ] = None,
) -> None:
    """Train a model, or resume the run that was interrupted in the same output directory.

    Of a plan, the stages are trained in order; those that are finished are passed over.
    """
    from radz.errors import UnknownNameError
    from radz.train.dual_encoder import train_dual_encoder
    from radz.train.stages import load_plan
    from radz.train.train import train as run

    if baseline not in (None, "dual_encoder"):
        raise UnknownNameError("baseline that trains", str(baseline), ["dual_encoder"])
    command = shlex.join(["radz", *sys.argv[1:]])
    for settings in load_plan(config, set_ or ()):
        if baseline is None:
            checkpoint = run(settings, _validation(settings), command=command)
        else:
            checkpoint = train_dual_encoder(settings, text_encoder, command)
        Console().print(f"checkpoint: {checkpoint}", highlight=False, markup=False)


def _validation(settings: RunConfig) -> Validate | None:
    """Macro AUROC on the validation split after each epoch; ``None`` where the corpus has no such split."""
    from radz.anchors import open_strategy
    from radz.data.views.folds import fold_of, open_corpus
    from radz.data.views.held_out import held_ids
    from radz.eval.scoring import score_corpus
    from radz.knowledge import KnowledgeBase
    from radz.metrics.summary import macro_auroc
    from radz.model.encoder import Encoder
    from radz.types import NORMAL

    data = settings.data
    if settings.stage == "general":  # no feature is trained yet
        return None
    corpus = open_corpus(data.corpus, data.root, data.val_split, data.options, fold_of(data))
    if not len(corpus):
        Console(stderr=True).print(f"no validation: the corpus has no studies in the split '{data.val_split}'")
        return None
    knowledge = KnowledgeBase.load()
    held = held_ids(data.held_out, corpus.findings, knowledge)
    known = knowledge.without(held)
    concepts = [known[name] for name in corpus.findings if name != NORMAL and name not in held]

    def validate(model: RadZ) -> dict[str, float]:
        scorer, build = Encoder(model), open_strategy(settings.anchors, model.anchors)
        return macro_auroc(score_corpus(scorer, corpus, build(concepts, scorer.encode_text)))

    return validate

"""A configuration in; a checkpoint directory out, validated after each epoch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz.anchors import open_strategy
from radz.config import RunConfig
from radz.data.target import Target
from radz.data.views.folds import fold_of
from radz.data.views.held_out import held_ids
from radz.errors import UnknownNameError
from radz.eval.entry import Entry, EvaluationSet
from radz.eval.scoring import score
from radz.experiments.inputs import PathLike
from radz.knowledge import KnowledgeBase
from radz.metrics.summary import macro_auroc
from radz.model.encoder import Encoder
from radz.model.radz import RadZ
from radz.training.dual_encoder import train_dual_encoder
from radz.training.stages import load_plan
from radz.training.train import Validate
from radz.training.train import train as run
from radz.types import NORMAL

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingResult:
    """Checkpoint directories, one per stage, in order."""

    checkpoints: Sequence[Path]

    @property
    def checkpoint(self) -> Path:
        """The last one: what `radz.load` takes."""
        return self.checkpoints[-1]

    def to_frame(self) -> pd.DataFrame:
        """One line per checkpoint, with its stage and fingerprint. Needs pandas."""
        import pandas as pd

        from radz.model.checkpoint import read_description

        described = [read_description(path)[1] for path in self.checkpoints]
        return pd.DataFrame(
            [
                {"checkpoint": str(path), "stage": provenance.stage, "fingerprint": provenance.fingerprint}
                for path, provenance in zip(self.checkpoints, described, strict=True)
            ]
        )

    def to_json(self, indent: int | None = 2) -> str:
        """The directories as JSON."""
        import json

        return json.dumps({"checkpoints": [str(path) for path in self.checkpoints]}, indent=indent)

    def __repr__(self) -> str:
        return f"<TrainingResult: {', '.join(map(str, self.checkpoints))}>"


def train(
    config: PathLike | RunConfig,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    *,
    baseline: str | None = None,
    text_encoder: str | None = None,
    command: str = "",
) -> TrainingResult:
    """Train a model, or resume it, as `radz train` does. Finished stages are skipped, partial ones resume.

    config: a YAML run configuration, a plan of stages, or a configuration that is built already. overrides: settings
    that win, ``a.b=value`` or a mapping. baseline: ``dual_encoder`` trains this baseline on the same pairs instead,
    with the sentence encoder ``text_encoder``. command: kept in the provenance.

    >>> radz.train("configs/default.yaml", {"data.root": "/data/ChestX-ray14"}).checkpoint  # doctest: +SKIP
    """
    if baseline not in (None, "dual_encoder"):
        raise UnknownNameError("baseline that trains", str(baseline), ["dual_encoder"])
    plan = [config] if isinstance(config, RunConfig) else load_plan(Path(config), _as_settings(overrides))
    if baseline is not None:
        return TrainingResult([train_dual_encoder(settings, text_encoder, command) for settings in plan])
    return TrainingResult([run(settings, validation(settings), command=command) for settings in plan])


def validation(config: RunConfig) -> Validate | None:
    """Macro AUROC on the validation split after each epoch; ``None`` if the corpus has no such split."""
    data = config.data
    if config.stage == "general":  # no feature is trained yet
        return None
    images = EvaluationSet.open(Target(data.corpus, data.root, data.val_split, data.options, fold_of(data)))
    if not len(images.corpus):
        log.warning("no validation: the corpus has no studies in the split '%s'", data.val_split)
        return None
    knowledge = KnowledgeBase.load()
    held = held_ids(data.held_out, images.corpus.findings, knowledge)
    known = knowledge.without(held)
    concepts = [known[name] for name in images.corpus.findings if name != NORMAL and name not in held]

    def validate(model: RadZ) -> dict[str, float]:
        encoder = Encoder(model)
        anchors = open_strategy(config.anchors, model.anchors)(concepts, encoder.encode_text)
        entry = Entry(encoder.name, encoder, anchors)
        return macro_auroc(score([entry], images).tables[entry.name])

    return validate


def _as_settings(overrides: Iterable[str] | Mapping[str, Any]) -> list[str]:
    if not isinstance(overrides, Mapping):
        return list(overrides)
    import json

    return [f"{key}={json.dumps(value, default=str)}" for key, value in overrides.items()]

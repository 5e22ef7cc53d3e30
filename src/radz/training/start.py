"""The model that a run starts with: a fresh one, or a checkpoint that fits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from radz.config import DataConfig, ModelConfig, TrainedAnchorsConfig
from radz.data.views.folds import fold_of
from radz.errors import ConfigError
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import require_left_out, require_unseen
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, load_parts, read_description
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.training.stages import other_parts, require_fit


def starting_model(config: ModelConfig, seed: int, stage: str, start: Path | None) -> tuple[RadZ, Provenance | None]:
    """The model, and the provenance of the checkpoint ``start``. Raises CheckpointError if that does not fit."""
    if start is None:
        return build_model(config, seed), None
    saved, provenance = read_description(start)
    require_fit(stage, start, config, provenance, saved)
    if provenance.stage == "general" and other_parts(config, saved):
        model = build_model(config, seed)
        load_parts(model, start, ("tower", "projector"))  # all that the stage trained
        return model, provenance
    return load_checkpoint(start, config.source)


def require_no_leak(start: Provenance, data: DataConfig) -> None:
    """Raise LeakageError if the checkpoint has seen findings or patients that this run holds out."""
    require_unseen(data.held_out, start, KnowledgeBase.load())
    require_left_out(data.corpus, data.val_split, str(fold_of(data) or ""), start)


def trained_anchors(
    strategy: str, concepts: tuple[str, ...], start: Path | None, losses: Collection[str], parts: Collection[str]
) -> TrainedAnchorsConfig:
    """Anchors of ``concepts`` that learn. Raises ConfigError if they would keep their random start."""
    if start is None and ("knowledge" not in losses or "anchors" not in parts):
        raise ConfigError(
            f"The anchors '{strategy}' learn, from the knowledge loss alone: give 'knowledge' a weight under "
            "loss.weights and 'anchors' a place in train.train_parts, or choose 'names' or 'rules'."
        )
    return TrainedAnchorsConfig(strategy=strategy, concepts=concepts)

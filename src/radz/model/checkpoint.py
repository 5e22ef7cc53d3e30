"""A checkpoint directory: what training changed, and what it was trained on.

    config.json            the ModelConfig, backbone name and fingerprint
    model.safetensors      tower, projector, LoRA, token rows, heads and buffers; never the frozen decoder
    provenance.json        data, exposure, seed, software
    tower_head.safetensors the linear head of the tower's supervised warm-up, while the tower is still that one

The directory is written next to its final place and moved there whole, so a half-written one is never loaded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from radz.config import ModelConfig, build_config
from radz.errors import CheckpointError
from radz.model.build import build_model, load_backbone, part_of
from radz.model.checkpoint_files import (
    AGAIN,
    CONFIG,
    WEIGHTS,
    read_json,
    read_provenance,
    read_weights,
    require_intact,
    with_files,
    write_provenance,
)
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.storage import atomic_directory

TOWER_HEAD = "tower_head.safetensors"


def learned_state(model: RadZ) -> dict[str, Tensor]:
    """Tensors (...) that training may change, by name: all parts' parameters and buffers without the frozen base."""
    return {name: whole(tensor) for name, tensor in model.state_dict().items() if part_of(name) is not None}


def whole(tensor: Tensor) -> Tensor:
    """``tensor`` (...) ready to be saved: detached, contiguous, joined from all processes' parts."""
    return joined(tensor.detach()).contiguous()


def joined(tensor: Tensor) -> Tensor:
    """``tensor`` (...), joined from all processes' parts where FSDP sharded it; every process must call this."""
    together: Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return together


def load_learned_state(model: RadZ, state: dict[str, Tensor]) -> None:
    """Put tensors (...) into ``model``; names and shapes must be exactly those of ``learned_state``."""
    expected = learned_state(model)
    wrong = sorted(n for n in expected.keys() ^ state.keys())
    wrong += sorted(n for n in expected.keys() & state.keys() if expected[n].shape != state[n].shape)
    if wrong:
        raise CheckpointError(
            f"The weights do not fit this model: {len(wrong)} tensors are missing, unexpected or of another shape "
            f"(first: {wrong[0]}). Load it with the config.json it was saved with."
        )
    model.load_state_dict(state, strict=False)


@dataclass(frozen=True, slots=True)
class TowerHead:
    """A linear head over the mean of the tower's states: weight (C, V), bias (C,), one row per concept."""

    concepts: tuple[str, ...]
    weight: Tensor
    bias: Tensor


def save_checkpoint(
    model: RadZ, directory: Path, provenance: Provenance, head: TowerHead | None = None, halved: Sequence[str] = ()
) -> None:
    """Write ``directory`` whole or not at all; the provenance gets the hashes of its weight files.

    halved: parts that are written in float16.
    """
    from safetensors.torch import save_file

    with atomic_directory(directory) as partial:
        state = learned_state(model)
        save_file({n: t.half() if part_of(n) in halved else t for n, t in state.items()}, partial / WEIGHTS)
        config = {"model": model.config.model_dump(mode="json"), "backbone_fingerprint": model.fingerprint}
        (partial / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        if head is not None:
            tensors = {"weight": head.weight, "bias": head.bias}
            save_file(tensors, partial / TOWER_HEAD, {"concepts": ",".join(head.concepts)})
        write_provenance(with_files(provenance, partial), partial)
        for path in partial.iterdir():  # safetensors writes for its owner only
            path.chmod((partial / CONFIG).stat().st_mode)


def read_description(directory: Path) -> tuple[ModelConfig, Provenance]:
    """Model configuration and provenance, without loading weights.

    Raises CheckpointError for a file that is missing or damaged.
    """
    return build_config(ModelConfig, _saved_model(directory)["model"]), read_provenance(directory)


def load_checkpoint(directory: Path, source: str | None = None) -> tuple[RadZ, Provenance]:
    """Model (eval mode) and provenance. ``source`` overrides where the backbone's weights are.

    Raises CheckpointError for a missing file, damaged weights, or weights trained on another backbone.
    """
    saved, provenance = _saved_model(directory), read_provenance(directory)
    state = read_weights(directory, provenance)
    given = {} if source is None else {"source": source}
    model = build_model(build_config(ModelConfig, saved["model"] | given))
    _require_backbone(model.fingerprint, saved, directory)
    load_learned_state(model, state)
    return model.eval(), provenance


def load_parts(model: RadZ, directory: Path, parts: Collection[str]) -> None:
    """Load only ``parts`` (see ``build.PARTS``) of a checkpoint into a model that may differ in everything else,
    including the layer that it reads.

    Raises CheckpointError if the backbones differ, or the parts do not have the same tensors.
    """
    saved, state = _saved_model(directory), read_weights(directory, read_provenance(directory))
    _require_backbone(_fingerprint_at(saved, model), saved, directory)
    wanted = {n: t for n, t in state.items() if part_of(n) in parts}
    load_learned_state(model, learned_state(model) | wanted)


def trained_parameters(directory: Path) -> int:
    """How many numbers training changed: all those of the checkpoint's weights, including running statistics.

    Raises CheckpointError for a file that is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = directory / WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}. {AGAIN}") from None


def load_tower_head(directory: Path) -> TowerHead | None:
    """The linear head that came with the checkpoint's tower, or ``None``. Raises CheckpointError for a damaged one."""
    from safetensors import SafetensorError, safe_open

    path = directory / TOWER_HEAD
    if not path.exists():
        return None
    require_intact(directory, read_provenance(directory), TOWER_HEAD)
    try:
        with safe_open(path, framework="pt") as file:
            concepts = tuple(file.metadata()["concepts"].split(","))
            return TowerHead(concepts, file.get_tensor("weight"), file.get_tensor("bias"))
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. {AGAIN}") from None


def _saved_model(directory: Path) -> dict[str, Any]:
    """The content of config.json, with ``model`` checked to be a mapping."""
    saved = read_json(directory / CONFIG)
    if not isinstance(saved.get("model"), dict):
        raise CheckpointError(f"{directory / CONFIG} is damaged: 'model' is not a mapping. {AGAIN}")
    return saved


def _fingerprint_at(saved: dict[str, Any], model: RadZ) -> str:
    """The fingerprint of ``model``'s backbone over as many layers as the checkpoint loaded."""
    theirs, ours = build_config(ModelConfig, saved["model"]), model.config
    if theirs.readout.layer == ours.readout.layer:
        return model.fingerprint
    return load_backbone(ours.model_copy(update={"readout": theirs.readout})).fingerprint


def _require_backbone(fingerprint: str, saved: dict[str, Any], directory: Path) -> None:
    if fingerprint != saved.get("backbone_fingerprint"):
        raise CheckpointError(
            f"{directory.name} was trained on {saved['model'].get('backbone')} weights "
            f"{saved.get('backbone_fingerprint')}, but this backbone has {fingerprint}. Features would be "
            "meaningless: use the backbone it was trained on, or train again on this one."
        )

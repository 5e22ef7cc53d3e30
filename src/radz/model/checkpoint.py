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

from pydantic import ValidationError
from torch import Tensor

from radz.config import ModelConfig, build_config
from radz.errors import CheckpointError
from radz.model.build import build_model, load_backbone, part_of
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.storage import atomic_directory, file_sha256

CONFIG, WEIGHTS, PROVENANCE = "config.json", "model.safetensors", "provenance.json"
TOWER_HEAD = "tower_head.safetensors"


def learned_state(model: RadZ) -> dict[str, Tensor]:
    """Tensors that training may change: every part's parameters and buffers, the frozen base left out."""
    return {name: whole(tensor) for name, tensor in model.state_dict().items() if part_of(name) is not None}


def whole(tensor: Tensor) -> Tensor:
    """``tensor``, any shape, ready to be saved: detached, contiguous, joined from all processes' parts."""
    return joined(tensor.detach()).contiguous()


def joined(tensor: Tensor) -> Tensor:
    """``tensor``, any shape, joined from all processes' parts where FSDP sharded it; every process must call this."""
    together: Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return together


def load_learned_state(model: RadZ, state: dict[str, Tensor]) -> None:
    """Put ``state`` into ``model``; names and shapes must be exactly those of ``learned_state``."""
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
    """Write ``directory`` whole or not at all; the provenance gets the weights' fingerprint.

    halved: parts that are written in float16.
    """
    from safetensors.torch import save_file

    with atomic_directory(directory) as partial:
        state = learned_state(model)
        save_file({n: t.half() if part_of(n) in halved else t for n, t in state.items()}, partial / WEIGHTS)
        config = {"model": model.config.model_dump(mode="json"), "backbone_fingerprint": model.fingerprint}
        (partial / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        stamped = provenance.model_copy(update={"fingerprint": file_sha256(partial / WEIGHTS)[:16]})
        (partial / PROVENANCE).write_text(stamped.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if head is not None:
            tensors = {"weight": head.weight, "bias": head.bias}
            save_file(tensors, partial / TOWER_HEAD, {"concepts": ",".join(head.concepts)})
        for path in partial.iterdir():  # safetensors writes for its owner only
            path.chmod((partial / CONFIG).stat().st_mode)


def read_description(directory: Path) -> tuple[ModelConfig, Provenance]:
    """Model configuration and provenance, without loading weights.

    Raises CheckpointError for a file that is missing or damaged.
    """
    tree = _read_json(directory / CONFIG).get("model", {})
    return build_config(ModelConfig, tree), _read_provenance(directory / PROVENANCE)


def load_checkpoint(directory: Path, source: str | None = None) -> tuple[RadZ, Provenance]:
    """Model (eval mode) and provenance. ``source`` overrides where the backbone's weights are.

    Raises CheckpointError for a missing file, damaged weights, or weights trained on another backbone.
    """
    saved = _read_json(directory / CONFIG)
    tree = dict(saved.get("model", {}))
    if source is not None:
        tree["source"] = source
    model = build_model(build_config(ModelConfig, tree))
    _require_backbone(model.fingerprint, saved, directory)
    load_learned_state(model, _read_weights(directory / WEIGHTS))
    return model.eval(), _read_provenance(directory / PROVENANCE)


def load_parts(model: RadZ, directory: Path, parts: Collection[str]) -> None:
    """Load only ``parts`` (see ``build.PARTS``) of a checkpoint into a model that may differ in everything else,
    including the layer that it reads.

    Raises CheckpointError where the backbones differ, or the parts do not have the same tensors.
    """
    saved = _read_json(directory / CONFIG)
    _require_backbone(_fingerprint_at(saved, model), saved, directory)
    wanted = {n: t for n, t in _read_weights(directory / WEIGHTS).items() if part_of(n) in parts}
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
        raise CheckpointError(f"{path} cannot be read: {error}. Copy the checkpoint again.") from None


def load_tower_head(directory: Path) -> TowerHead | None:
    """The linear head that came with the checkpoint's tower, or ``None``."""
    from safetensors import safe_open

    path = directory / TOWER_HEAD
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        concepts = tuple(file.metadata()["concepts"].split(","))
        return TowerHead(concepts, file.get_tensor("weight"), file.get_tensor("bias"))


def _fingerprint_at(saved: dict[str, Any], model: RadZ) -> str:
    """The fingerprint of ``model``'s backbone over as many layers as the checkpoint loaded."""
    theirs, ours = build_config(ModelConfig, saved.get("model", {})), model.config
    if theirs.readout.layer == ours.readout.layer:
        return model.fingerprint
    return load_backbone(ours.model_copy(update={"readout": theirs.readout})).fingerprint


def _require_backbone(fingerprint: str, saved: dict[str, Any], directory: Path) -> None:
    if fingerprint != saved.get("backbone_fingerprint"):
        raise CheckpointError(
            f"{directory.name} was trained on {saved.get('model', {}).get('backbone')} weights "
            f"{saved.get('backbone_fingerprint')}, but this backbone has {fingerprint}. Features would be "
            "meaningless: use the backbone it was trained on, or train again on this one."
        )


def _read_provenance(path: Path) -> Provenance:
    try:
        return Provenance.model_validate(_read_json(path))
    except ValidationError as error:
        raise CheckpointError(f"{path} is damaged: {error.errors()[0]['msg']}. Copy the checkpoint again.") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path.parent} has no {path.name}. A checkpoint is a directory with {CONFIG}, {WEIGHTS} and {PROVENANCE}, "
            "as `radz train` writes it."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Copy the checkpoint again.") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: expected a mapping. Copy the checkpoint again.")
    return value


def _read_weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise CheckpointError(f"{path.parent} has no {path.name}. Copy the checkpoint again.")
    try:
        state: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Copy the checkpoint again.") from None
    return state

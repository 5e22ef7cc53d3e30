"""The stages of a training: what each may train, which losses it takes, and which checkpoint it starts from.

A stage is a run of its own whose configuration names it (``stage``). The table below says what such a configuration has
to keep to; rates, weights, data and schedule are the configuration's. A plan is a YAML file that lists stages; each
starts from the checkpoint of the one before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from radz.config import ModelConfig, PlanConfig, RunConfig, build_config, load_config, read_yaml
from radz.errors import CheckpointError, ConfigError
from radz.model.checkpoint import PROVENANCE, read_description
from radz.provenance import Provenance
from radz.train.distributed import is_main

IDENTITY = "stage.sha256"


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table.

    after: the stage whose checkpoint it starts from, empty for the first. parts: what may train, besides the tower in a
    warm-up. needs, takes: losses that it must have and may have.
    """

    after: str
    parts: frozenset[str]
    needs: frozenset[str]
    takes: frozenset[str] = frozenset()
    warms_up: bool = False


STAGES = {
    "general": Stage("", frozenset({"projector"}), frozenset({"captioning"}), warms_up=True),
    "adapt": Stage(
        "general",
        frozenset({"tower", "projector", "lora", "tokens", "heads"}),
        frozenset({"alignment"}),
        frozenset({"consistency", "regularization"}),
    ),
    "anchor": Stage(
        "adapt",
        frozenset({"tower", "projector", "lora", "tokens", "heads", "anchors"}),
        frozenset({"knowledge"}),
        frozenset({"alignment", "consistency", "regularization"}),
    ),
}


def load_plan(path: Path, overrides: Iterable[str] = ()) -> list[RunConfig]:
    """The stages of a plan, or the one run of a configuration.

    Of a plan, ``overrides`` are for every stage, or with the stage's name in front (``adapt.train.epochs=3``) for one;
    ``output`` is the directory of them all. Raises ConfigError as ``load_config`` does.
    """
    overrides = [*overrides]
    tree = read_yaml(path)
    if "stages" not in tree:
        return [load_config(path, overrides)]
    general = [o for o in overrides if o.startswith("output=")]
    plan = build_config(PlanConfig, tree | dict(o.split("=", 1) for o in general))
    configs: list[RunConfig] = []
    for file in plan.stages:
        own = _overrides_of(file.stem, (o for o in overrides if o not in general))
        config = load_config(path.parent / file, own)
        before = configs[-1].output / "checkpoint" if configs else config.start
        configs.append(config.model_copy(update={"output": plan.output / file.stem, "start": before}))
    return configs


def _overrides_of(stage: str, overrides: Iterable[str]) -> Iterator[str]:
    for override in overrides:
        head, _, rest = override.partition(".")
        if head not in STAGES:
            yield override
        elif head == stage:
            yield rest


def require_stage(config: RunConfig) -> None:
    """Raise ConfigError where ``config`` names a stage and does not keep to its row of the table."""
    if not config.stage:
        return
    stage, parts, losses = STAGES[config.stage], set(config.train.train_parts), set(config.loss.weights)
    if bool(stage.after) != (config.start is not None):
        raise ConfigError(
            f"The stage '{config.stage}' starts from a checkpoint of the stage '{stage.after}': set start."
            if stage.after
            else f"The stage '{config.stage}' is the first and starts from the backbone, not from {config.start}: "
            "take start out."
        )
    if parts - stage.parts:
        raise ConfigError(
            f"The stage '{config.stage}' trains {sorted(stage.parts)}, and train.train_parts has "
            f"{sorted(parts - stage.parts)} besides."
        )
    if stage.needs - losses or losses - stage.needs - stage.takes:
        raise ConfigError(
            f"The stage '{config.stage}' needs the losses {sorted(stage.needs)} and takes {sorted(stage.takes)} "
            f"besides, but loss.weights has {sorted(losses)}."
        )
    if config.warmup is not None and not stage.warms_up:
        raise ConfigError(f"The stage '{config.stage}' has no warm-up; the tower is warmed up in 'general'.")


def require_fit(config: RunConfig, start: Provenance, saved: ModelConfig) -> None:
    """Raise CheckpointError where the checkpoint to start from is of another stage or of another model."""
    if not config.stage:
        return
    wanted = STAGES[config.stage].after
    if start.stage != wanted:
        came = f"the stage '{start.stage}'" if start.stage else "a run without a stage"
        raise CheckpointError(
            f"The stage '{config.stage}' starts from the stage '{wanted}', but {config.start} is of {came}: "
            f"train '{wanted}' first, or leave out stage."
        )
    if other := other_parts(config.model, saved):
        raise CheckpointError(
            f"{config.start} does not fit the stage '{config.stage}': {'; '.join(other)}. Give both stages the same "
            "model, or train the earlier one again."
        )


def other_parts(model: ModelConfig, saved: ModelConfig) -> list[str]:
    """In what a model and a saved one differ, one sentence each; a model with other weights or shapes is another."""
    return [
        f"model.{name} is {getattr(model, name)!r} here and {getattr(saved, name)!r} there"
        for name in ("backbone", "tokens", "readout", "lora")
        if getattr(model, name) != getattr(saved, name)
    ]


def first_to_read(config: RunConfig, start: Provenance | None) -> bool:
    """Whether this run is the first that reads features, so that the heads' statistics are to be measured."""
    return start is None or start.stage == "general"


def claim(config: RunConfig, data_sha256: str) -> Path | None:
    """Mark the output as this stage's; its checkpoint where the stage is finished, else ``None``.

    Raises CheckpointError where the output holds the stage under other settings, data or start.
    """
    path, own = config.output / IDENTITY, identity(config, data_sha256)
    if path.is_file() and path.read_text(encoding="utf-8") != own:
        raise CheckpointError(
            f"{config.output} holds a stage '{config.stage}' with other settings, data or start: choose another "
            "output, or delete it to train anew."
        )
    if is_main():
        path.write_text(own, encoding="utf-8")
    checkpoint = config.output / "checkpoint"
    return checkpoint if (checkpoint / PROVENANCE).is_file() else None


def identity(config: RunConfig, data_sha256: str) -> str:
    """Hash over everything that decides what a stage becomes: settings, data and the weights it starts from."""
    settings = config.model_dump(mode="json", exclude={"output", "start"})
    start = read_description(config.start)[1].fingerprint if config.start else ""
    return hashlib.sha256(json.dumps([settings, data_sha256, start], sort_keys=True).encode()).hexdigest()

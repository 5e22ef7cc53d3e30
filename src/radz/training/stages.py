"""The stages of a training: what each may train, which losses it takes, and which checkpoint it starts from.

A stage is a separate run whose configuration names it (``stage``). The table below limits such a configuration; rates,
weights, data and schedule are free. A plan is a YAML file that lists stages; each starts from the checkpoint of the one
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from radz.config import (
    LossConfig,
    ModelConfig,
    PlanConfig,
    RunConfig,
    TrainConfig,
    WarmupConfig,
    build_config,
    load_config,
    read_yaml,
)
from radz.errors import CheckpointError, ConfigError
from radz.provenance import Provenance


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
        settings = _overrides_of(file.stem, (o for o in overrides if o not in general))
        config = load_config(path.parent / file, settings)
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


def require_stage(
    stage: str, start: Path | None, train: TrainConfig, loss: LossConfig, warmup: WarmupConfig | None
) -> None:
    """Raise ConfigError if a run names a ``stage`` and does not keep to its row of the table."""
    if not stage:
        return
    row, parts, losses = STAGES[stage], set(train.train_parts), set(loss.weights)
    if bool(row.after) != (start is not None):
        raise ConfigError(
            f"The stage '{stage}' starts from a checkpoint of the stage '{row.after}': set start."
            if row.after
            else f"The stage '{stage}' is the first and starts from the backbone, not from {start}: take start out."
        )
    if parts - row.parts:
        raise ConfigError(
            f"The stage '{stage}' trains {sorted(row.parts)}, but train.train_parts also has "
            f"{sorted(parts - row.parts)}: take them out."
        )
    if row.needs - losses or losses - row.needs - row.takes:
        raise ConfigError(
            f"The stage '{stage}' needs the losses {sorted(row.needs)} and may have {sorted(row.takes)}, but "
            f"loss.weights has {sorted(losses)}."
        )
    if warmup is not None and not row.warms_up:
        raise ConfigError(
            f"The stage '{stage}' has no warm-up; the tower is warmed up in 'general'. Remove warmup from this stage."
        )


def require_fit(stage: str, start: Path, model: ModelConfig, provenance: Provenance, saved: ModelConfig) -> None:
    """Raise CheckpointError if the checkpoint ``start`` is of the wrong stage or of another model.

    provenance, saved: what the checkpoint says of itself.
    """
    if not stage:
        return
    expected = STAGES[stage].after
    if provenance.stage != expected:
        origin = f"the stage '{provenance.stage}'" if provenance.stage else "a run without a stage"
        raise CheckpointError(
            f"The stage '{stage}' starts from the stage '{expected}', but {start} is of {origin}: "
            f"train '{expected}' first, or leave out stage."
        )
    if differences := other_parts(model, saved):
        raise CheckpointError(
            f"{start} does not fit the stage '{stage}': {'; '.join(differences)}. Give both stages the same model, or "
            "train the earlier one again."
        )


def other_parts(model: ModelConfig, saved: ModelConfig) -> list[str]:
    """How a model differs from a saved one in weights or shapes, one sentence for each difference."""
    return [
        f"model.{name} is {getattr(model, name)!r} here and {getattr(saved, name)!r} there"
        for name in ("backbone", "image_size", "tokens", "readout", "lora")
        if getattr(model, name) != getattr(saved, name)
    ]


def first_to_read(start: Provenance | None) -> bool:
    """Whether a run is the first that reads features, so that the heads' statistics are to be measured."""
    return start is None or start.stage == "general"

"""Opening a baseline by name, with its checkpoint, its options and what it may see of the corpus."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radz import registry
from radz.errors import CheckpointError, ConfigError, UnknownNameError
from radz.model.pretrained import reason
from radz.types import ZeroShotModel


@dataclass(frozen=True, slots=True)
class BaselineContext:
    """What a baseline may use apart from its checkpoint.

    train: opens the corpus's training split, or raises a RadzError that says why it cannot. strata: metadata keys that
    studies of one stratum share.
    """

    train: Callable[[], Any]
    strata: tuple[str, ...] = ("source", "view")


def open_baseline(
    name: str, checkpoint: str | None, context: BaselineContext, options: Mapping[str, Any] | None = None
) -> ZeroShotModel:
    """The baseline ``name``, ready to score.

    Raises UnknownNameError for a name or option that does not exist, and whatever the baseline raises.
    """
    make = registry.load("baselines", name).open
    known = [
        parameter.name
        for parameter in inspect.signature(make).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for option in options or {}:
        if option not in known:
            raise UnknownNameError(f"option of the baseline '{name}'", option, known)
    model: ZeroShotModel = make(checkpoint, context, **(options or {}))
    return model


def required(name: str, checkpoint: str | None) -> str:
    """The checkpoint. Raises ConfigError if none was named."""
    if checkpoint is None:
        raise ConfigError(f"The baseline '{name}' needs a checkpoint: write {name}:PATH, or {name}:HUB_ID.")
    return checkpoint


def no_checkpoint(name: str, checkpoint: str | None) -> None:
    """Raises ConfigError if a baseline that has no weights is given some."""
    if checkpoint is not None:
        raise ConfigError(f"The baseline '{name}' takes no checkpoint, got '{checkpoint}'. Write {name} alone.")


def one_of(setting: str, value: str, allowed: Sequence[str]) -> str:
    """``value``. Raises UnknownNameError if it is not among ``allowed``."""
    if value not in allowed:
        raise UnknownNameError(setting, value, allowed)
    return value


def unreadable(name: str, source: str, error: BaseException) -> CheckpointError:
    """The error to raise where a library cannot read a checkpoint."""
    return CheckpointError(
        f"{source} could not be loaded as a checkpoint of '{name}': {reason(error)} Give a directory that holds it, "
        "or a hub id that this machine can reach; docs/baselines.md says where it comes from."
    )

"""The use cases, callable from Python: evaluate, compare, calibrate, train, protocols and ablations."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "score": "radz.eval.scoring",
    **{name: f"radz.experiments.{name}" for name in ("evaluate", "compare", "calibrate", "train")},
}
__all__ = [*_HOMES]  # noqa: PLE0604  # names of strings


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'radz.experiments' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

"""The use cases, callable from Python: evaluate, compare, calibrate, train, protocols and ablations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radz.eval.scoring import score as score


def __getattr__(name: str) -> Any:
    if name != "score":
        raise AttributeError(f"module 'radz.experiments' has no attribute '{name}'")
    from radz.eval.scoring import score

    return score

"""Knowledge to anchors; one file per strategy.

A strategy is called with concepts and a text encoder and returns Anchors. Most are functions. One that learns is a
module class, built from the ids it is trained with and the width of an anchor; it lives in a model's checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from radz import registry
from radz.errors import AnchorError
from radz.knowledge import Concept
from radz.types import Anchors, EncodeText

Strategy = Callable[[Sequence[Concept], EncodeText], Anchors]


def learns(name: str) -> bool:
    """Whether the strategy has parameters, so that it must have been trained with the model that uses it."""
    return isinstance(registry.load("anchors", name), type)


def open_strategy(name: str, trained: Any = None) -> Strategy:
    """The strategy ``name``, ready to be called; ``trained`` is the one that came with the model, if any.

    Raises AnchorError where the strategy learns and the model does not have it.
    """
    plugin = registry.load("anchors", name)
    if learns(name) and not isinstance(trained, plugin):
        raise AnchorError(
            f"The anchors '{name}' are learned, and this model was trained without them. Choose 'names' or 'rules', "
            f"or train with `anchors: {name}`."
        )
    strategy: Strategy = trained if learns(name) else plugin
    return strategy


def closed_set(strategy: Strategy) -> frozenset[str] | None:
    """Ids of the only concepts that ``strategy`` has anchors of; ``None`` where it makes one of any concept."""
    ids: frozenset[str] | None = getattr(strategy, "closed_set", None)
    return ids

"""Knowledge to anchors; one file per strategy.

A strategy is called with concepts and a text encoder and returns Anchors. Most are functions. One that learns is a
module class, built from the ids it is trained with and the width of an anchor; it lives in a model's checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from radz import registry
from radz.anchors._compare import Change, Difference, compare_directories
from radz.anchors._prompts import PromptPair, load_prompts
from radz.anchors._repository import load_anchors, read_record, save_anchors
from radz.anchors._texts import anchors_from_texts
from radz.errors import AnchorError, ConfigError
from radz.knowledge import Concept
from radz.types import Anchors, EncodeText

__all__ = [
    "Change",
    "Difference",
    "PromptPair",
    "Strategy",
    "anchors_from_texts",
    "closed_set",
    "compare_directories",
    "learns",
    "load_anchors",
    "load_prompts",
    "open_strategy",
    "read_record",
    "save_anchors",
    "worded",
]

Strategy = Callable[[Sequence[Concept], EncodeText], Anchors]


def learns(name: str) -> bool:
    """Whether the strategy has parameters, so that it must have been trained with the model that uses it."""
    return isinstance(registry.load("anchors", name), type)


def open_strategy(name: str, trained: Any = None) -> Strategy:
    """The strategy ``name``, ready to be called; ``trained`` is the one that came with the model, if any.

    Raises AnchorError if the strategy learns and the model does not have it.
    """
    plugin = registry.load("anchors", name)
    if learns(name) and not isinstance(trained, plugin):
        raise AnchorError(
            f"The anchors '{name}' are learned, and this model was trained without them. Choose 'names' or 'rules', "
            f"or train with `anchors: {name}`."
        )
    strategy: Strategy = trained if learns(name) else plugin
    return strategy


def worded(statement: str, denial: str | None = None) -> Strategy:
    """The strategy ``names`` in other words: sentences with ``{finding}`` in them.

    Raises ConfigError for a sentence without it.
    """
    for sentence in filter(None, (statement, denial)):
        if "{finding}" not in sentence:
            raise ConfigError(f"The sentence '{sentence}' names no finding: write {{finding}} in place of its name.")

    def strategy(concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
        sides = [
            None if words is None else [[words.replace("{finding}", concept.name)] for concept in concepts]
            for words in (statement, denial)
        ]
        assert sides[0] is not None
        return anchors_from_texts(concepts, sides[0], sides[1], encode_text, "names")

    return strategy


def closed_set(strategy: Strategy) -> frozenset[str] | None:
    """Ids of the only concepts that ``strategy`` has anchors for; ``None`` if it makes one for any concept."""
    ids: frozenset[str] | None = getattr(strategy, "closed_set", None)
    return ids

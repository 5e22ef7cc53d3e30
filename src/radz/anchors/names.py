"""``names``: "There is {concept}." against "There is no {concept}.", the shipped prompts. No knowledge; the control."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from radz.anchors._prompts import DEFAULT, PromptPair, load_prompts
from radz.knowledge import Concept
from radz.types import Anchors, EncodeText


def names(concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
    """One sentence per concept and one that denies it: unit rows (C, D)."""
    return default_prompt().anchors(concepts, encode_text)


def denial(concept: Concept) -> str:
    """The sentence that denies the concept; the denial of "no abnormal finding" states that there is one."""
    return default_prompt().denial(concept)


@cache
def default_prompt() -> PromptPair:
    """The only pair of ``prompts/default.yaml``."""
    (pair,) = load_prompts(DEFAULT)
    return pair


plugin = names

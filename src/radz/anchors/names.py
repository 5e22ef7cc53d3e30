"""``names``: "There is {concept}." against "There is no {concept}." No knowledge; the control."""

from __future__ import annotations

from collections.abc import Sequence

from radz.anchors._texts import anchors_from_texts
from radz.knowledge import Concept
from radz.types import NORMAL, Anchors, EncodeText


def names(concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
    """One sentence per concept and one that denies it: unit rows (C, D)."""
    positive = [[f"There is {concept.name}."] for concept in concepts]
    negative = [[denial(concept)] for concept in concepts]
    return anchors_from_texts(concepts, positive, negative, encode_text, "names")


def denial(concept: Concept) -> str:
    """The sentence that says the opposite; "no abnormal finding" is denied by saying that there is one."""
    return "There is an abnormal finding." if concept.id == NORMAL else f"There is no {concept.name}."


plugin = names

"""``rules``: templates filled from the knowledge base, averaged over each concept's sentences, with denials."""

from __future__ import annotations

from collections.abc import Sequence

from radz.anchors._texts import anchors_from_texts
from radz.anchors.names import denial
from radz.knowledge import Concept
from radz.types import NORMAL, Anchors, EncodeText


def rules(concepts: Sequence[Concept], encode_text: EncodeText) -> Anchors:
    """Each concept's statements and denials, averaged: unit rows (C, D)."""
    return anchors_from_texts(
        concepts, [statements(c) for c in concepts], [denials(c) for c in concepts], encode_text, "rules"
    )


def statements(concept: Concept) -> list[str]:
    """Sentences that are true of an image with the concept; empty fields give none."""
    return [
        f"There is {concept.name}.",
        *(f"There is {synonym}." for synonym in concept.synonyms if "_" not in synonym),
        *(f"There is {concept.name}, {concept.definition}." for _ in concept.definition[:1]),
        *(f"There is {concept.name}: {sign}." for sign in concept.appearance),
        *(f"There is {concept.name} in the {place}." for place in concept.location),
        *(statement.text for statement in concept.statements),
    ]


def denials(concept: Concept) -> list[str]:
    """Sentences that are true of an image without the concept."""
    synonyms = () if concept.id == NORMAL else concept.synonyms
    return [denial(concept), *(f"There is no {synonym}." for synonym in synonyms if "_" not in synonym)]


plugin = rules

"""Statements drafted by a language model. They may be wrong, and nobody has reviewed them."""

from __future__ import annotations

import re

from radz.errors import KnowledgeError
from radz.knowledge import Concept
from radz.knowledge.statement import Draft, Statement
from radz.model.generation import SAMPLING, Writer, Written
from radz.text.sentences import split_sentences

REQUEST = (
    "{meaning}Describe in two or three short sentences how {name} looks on a {modality} of the {body_part}. "
    "State only what can be seen in the image."
)
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)


def draft(writer: Writer, concept: Concept, seed: int, day: str) -> tuple[Statement, ...]:
    """Statements that ``writer`` drafts about ``concept``; day: ISO 8601."""
    prompt = writer.prompt(request(concept))
    name, fingerprint = writer.backbone.name, writer.backbone.fingerprint
    how = Draft(backbone=name, fingerprint=fingerprint, seed=seed, sampling=SAMPLING, prompt=prompt)
    return as_statements(writer.write(prompt, seed), concept, how, day)


def as_statements(written: Written, concept: Concept, how: Draft, day: str) -> tuple[Statement, ...]:
    """Each sentence as a statement, without a last sentence that the token limit cut short.

    Raises KnowledgeError if nothing was written.
    """
    sentences = list(dict.fromkeys(split_sentences(_LIST_MARK.sub("", written.text))))
    if not sentences:
        raise KnowledgeError(f"{how.backbone} wrote nothing about '{concept.name}'. Give another --seed.")
    whole = sentences if written.finished or len(sentences) == 1 else sentences[:-1]
    source = f"drafted by {how.backbone} ({how.fingerprint}), {day}"
    return tuple(Statement(text=text, source=source, draft=how) for text in whole)


def request(concept: Concept) -> str:
    """The prompt for the model: the concept in the words of the knowledge base, after its definition."""
    meaning = f"{concept.name[:1].upper()}{concept.name[1:]}: {concept.definition}. " if concept.definition else ""
    modality = concept.modality if concept.modality == "radiograph" else f"{concept.modality.upper()} image"
    part = concept.body_part.replace("_", " ")
    return REQUEST.format(meaning=meaning, name=concept.name, modality=modality, body_part=part)

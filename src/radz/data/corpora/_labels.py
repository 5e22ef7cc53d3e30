"""Cells of labels to presence. All policies for findings that a cell does not list are here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Literal

from radz.data.ontology import Relation, concepts_of, labels_of, to_concepts
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

Unlisted = Literal["absent", "unlabelled"]
Broader = Literal["unlabelled", "present", "absent"]
"""Presence of a finding that is not listed where a kind of it is ("fracture" where "rib fracture" is listed):
unlabelled, that of its kind, or absent as if the kind were not listed."""
_MARKS = {"-": Presence.ABSENT, "?": Presence.UNCERTAIN}


def parse_cell(cell: str, separator: str, knowledge: KnowledgeBase) -> dict[str, Presence]:
    """``"Mass;-Effusion;?Nodule"`` -> {mass: present, effusion: absent, nodule: uncertain}.

    Raises UnknownNameError for a finding that the knowledge base does not have, CorpusError for contradictions.
    """
    labels: dict[str, Presence] = {}
    for token in filter(None, (part.strip() for part in cell.split(separator))):
        presence = _MARKS.get(token[0], Presence.PRESENT)
        concept = knowledge[token[1:].strip() if token[0] in _MARKS else token].id
        if labels.setdefault(concept, presence) != presence:
            raise CorpusError(f"'{concept}' is both {labels[concept]} and {presence}. Keep one.")
    _require_consistent(labels)
    return labels


def from_listed(
    corpus: str,
    names: Collection[str],
    unlisted: Unlisted,
    broader: Broader = "present",
    also: Mapping[str, Presence] | None = None,
) -> dict[str, Presence]:
    """Labels of an image for which a corpus lists the findings that are present, under the policies of ``complete``.

    A label broader than its concept leaves the concept open where it is listed and, under ``absent``, makes it absent
    where it is not. "No finding" is dropped where a finding is listed too. also: concepts known from other columns.
    Raises UnknownNameError for a label that is not in the corpus's file of labels.
    """
    listed = to_concepts(corpus, dict.fromkeys(names, Presence.PRESENT)) | dict(also or {})
    if _any_present({concept: presence for concept, presence in listed.items() if concept != NORMAL}):
        listed.pop(NORMAL, None)
    known = labels_of(corpus)
    left_open = {known[name].concept for name in names if known[name].relation is Relation.BROADER}
    deniable = [concept for concept in _deniable(corpus) if concept not in left_open]
    return complete(listed, concepts_of(corpus), unlisted, broader, deniable)


def complete(
    listed: Mapping[str, Presence],
    findings: Sequence[str],
    unlisted: Unlisted,
    broader: Broader = "unlabelled",
    deniable: Sequence[str] | None = None,
) -> dict[str, Presence]:
    """Labels of one image under the policies for findings that are not listed.

    ``unlabelled``: nothing is added. ``absent``: every other finding is absent, except that ``broader`` decides on
    those that a listed finding is a kind of. "No finding" then is absent where a finding is present, and unlabelled
    where findings are only absent or uncertain; devices do not count. An empty cell says nothing under either policy,
    because a normal image is listed as "No Finding". deniable: the findings that may become absent, by default all.
    """
    above = _broader(listed, findings)
    labels = {**above, **listed} if broader == "present" else dict(listed)
    if unlisted == "unlabelled" or not listed:
        return labels
    silent = above if broader == "unlabelled" else {}
    labels = {
        concept: Presence.ABSENT for concept in (findings if deniable is None else deniable) if concept not in silent
    } | labels
    if NORMAL in labels and NORMAL not in listed and not _any_present(listed):
        del labels[NORMAL]
    return labels


def findings_of(labels: Iterable[Mapping[str, Presence]], knowledge: KnowledgeBase) -> tuple[str, ...]:
    """Every finding that a row lists, in the order of the knowledge base."""
    listed = {concept for row in labels for concept in row}
    return tuple(concept.id for concept in knowledge if concept.id in listed)


@cache
def _deniable(corpus: str) -> tuple[str, ...]:
    """Concepts that are absent where no label of the corpus is listed."""
    absent = to_concepts(corpus, dict.fromkeys(labels_of(corpus), Presence.ABSENT))
    return tuple(concept for concept in concepts_of(corpus) if concept in absent)


def _broader(listed: Mapping[str, Presence], findings: Sequence[str]) -> dict[str, Presence]:
    """Findings that are not listed and that a present or uncertain one is a kind of, with the presence of that one."""
    above: dict[str, Presence] = {}
    for presence in (Presence.UNCERTAIN, Presence.PRESENT):  # a present kind outweighs an uncertain one
        for concept in (c for c, p in listed.items() if p is presence):
            above |= dict.fromkeys(_lineage(concept), presence)
    return {concept: above[concept] for concept in findings if concept in above and concept not in listed}


@cache
def _lineage(concept: str) -> frozenset[str]:
    return KnowledgeBase.load().lineage(concept)


def _any_present(labels: Mapping[str, Presence]) -> bool:
    return any(presence is Presence.PRESENT and not _is_device(c) for c, presence in labels.items())


@cache
def _is_device(concept: str) -> bool:
    return KnowledgeBase.load()[concept].kind == "device"


def _require_consistent(labels: Mapping[str, Presence]) -> None:
    others = {concept: presence for concept, presence in labels.items() if concept != NORMAL}
    if labels.get(NORMAL) is Presence.PRESENT and _any_present(others):
        present = ", ".join(concept for concept, presence in others.items() if presence is Presence.PRESENT)
        raise CorpusError(f"'{NORMAL}' and a finding ({present}) are both present. Keep one.")

"""Label cells to presence. The policies for what a cell does not list are named here and nowhere else."""

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
"""What a finding that is not listed is where a kind of it is ("fracture" where "rib fracture" is listed): nothing is
said of it, it is what its kind is, or it is absent as it would be without its kind."""
_MARKS = {"-": Presence.ABSENT, "?": Presence.UNCERTAIN}


def parse_cell(cell: str, separator: str, knowledge: KnowledgeBase) -> dict[str, Presence]:
    """``"Mass;-Effusion;?Nodule"`` -> {mass: present, effusion: absent, nodule: uncertain}.

    Raises UnknownNameError for a finding that the knowledge base has not, CorpusError for contradictions.
    """
    labels: dict[str, Presence] = {}
    for token in filter(None, (part.strip() for part in cell.split(separator))):
        presence = _MARKS.get(token[0], Presence.PRESENT)
        concept = knowledge[token[1:].strip() if token[0] in _MARKS else token].id
        if labels.setdefault(concept, presence) != presence:
            raise CorpusError(f"'{concept}' is both {labels[concept]} and {presence}.")
    _require_consistent(labels)
    return labels


def from_listed(
    corpus: str,
    names: Collection[str],
    unlisted: Unlisted,
    broader: Broader = "present",
    also: Mapping[str, Presence] | None = None,
) -> dict[str, Presence]:
    """Labels of a film of which a corpus lists what is there, under ``complete``'s policies.

    A label that holds more than its concept (relation broader) leaves the concept open where it is listed, and makes
    it absent, under ``absent``, where it is not. "No finding" gives way to a finding that is listed beside it. also:
    concepts known from elsewhere.
    Raises UnknownNameError for a label that the corpus's file has not.
    """
    said = to_concepts(corpus, dict.fromkeys(names, Presence.PRESENT)) | dict(also or {})
    if _any_present({concept: p for concept, p in said.items() if concept != NORMAL}):
        said.pop(NORMAL, None)
    known = labels_of(corpus)
    left_open = {known[name].concept for name in names if known[name].relation is Relation.BROADER}
    return complete(said, concepts_of(corpus), unlisted, broader, [c for c in _deniable(corpus) if c not in left_open])


def complete(
    listed: Mapping[str, Presence],
    findings: Sequence[str],
    unlisted: Unlisted,
    broader: Broader = "unlabelled",
    deniable: Sequence[str] | None = None,
) -> dict[str, Presence]:
    """Labels with the policies for findings that are not listed.

    ``unlabelled``: nothing is added. ``absent``: every other finding is absent, except that ``broader`` settles those
    that a listed finding is a kind of; "no finding" is absent where a finding is present, and unlabelled where none is
    or one is uncertain. Devices are no findings in this. An empty cell says nothing under either policy: a normal film
    is listed as "No Finding". deniable: the findings that may become absent; default, all.
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
    """Every finding that is listed somewhere, in the order of the knowledge base."""
    listed = {concept for row in labels for concept in row}
    return tuple(concept.id for concept in knowledge if concept.id in listed)


@cache
def _deniable(corpus: str) -> tuple[str, ...]:
    """Concepts that are known absent where no label of the corpus is listed."""
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
        found = ", ".join(concept for concept, presence in others.items() if presence is Presence.PRESENT)
        raise CorpusError(f"'{NORMAL}' and a finding ({found}) are both present.")

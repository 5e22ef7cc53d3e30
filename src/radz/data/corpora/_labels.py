"""Label cells to presence. The policies for what a cell does not list are named here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args

from radz.errors import ConfigError, CorpusError
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


def alphabet(text: str) -> tuple[str, ...]:
    """Labels that stand in a text with semicolons between them."""
    return tuple(" ".join(label.split()) for label in text.split(";"))


def meaning(corpus: str, labels: Mapping[str, Presence]) -> dict[str, Presence]:
    """What labels of a corpus say of concepts; of several that name one, present outweighs uncertain outweighs absent.

    Raises UnknownNameError for a label that is no name of a concept.
    """
    knowledge, said = KnowledgeBase.load(), dict[str, Presence]()
    for presence in (Presence.ABSENT, Presence.UNCERTAIN, Presence.PRESENT):
        said |= {knowledge[label].id: presence for label, given in labels.items() if given is presence}
    return said


def labelled_concepts(corpus: str, labels: Iterable[str]) -> tuple[str, ...]:
    """Ids of the concepts that a corpus's labels name, in the order of the knowledge base."""
    return findings_of([meaning(corpus, dict.fromkeys(labels, Presence.PRESENT))], KnowledgeBase.load())


def deniable_concepts(corpus: str, labels: Iterable[str]) -> tuple[str, ...]:
    """Those of them that are known absent where none of the corpus's labels is given."""
    return findings_of([meaning(corpus, dict.fromkeys(labels, Presence.ABSENT))], KnowledgeBase.load())


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
    _require(unlisted, "unlisted", Unlisted)
    _require(broader, "broader", Broader)
    above = _broader(listed, findings)
    labels = {**above, **listed} if broader == "present" else dict(listed)
    if unlisted == "unlabelled" or not listed:
        return labels
    silent = above if broader == "unlabelled" else {}
    labels = {concept: Presence.ABSENT for concept in deniable or findings if concept not in silent} | labels
    if NORMAL in labels and NORMAL not in listed and not _any_present(listed):
        del labels[NORMAL]
    return labels


def findings_of(labels: Iterable[Mapping[str, Presence]], knowledge: KnowledgeBase) -> tuple[str, ...]:
    """Every finding that is listed somewhere, in the order of the knowledge base."""
    listed = {concept for row in labels for concept in row}
    return tuple(concept.id for concept in knowledge if concept.id in listed)


def _require(value: str, name: str, choices: Any) -> None:
    if value not in get_args(choices):
        raise ConfigError(f"{name} is '{value}', allowed are {' and '.join(map(repr, get_args(choices)))}.")


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

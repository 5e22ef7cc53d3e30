"""Label cells to presence. The policies for what a cell does not list are named here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from radz.errors import ConfigError, CorpusError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

Unlisted = Literal["absent", "unlabelled"]
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


def complete(listed: Mapping[str, Presence], findings: Sequence[str], unlisted: Unlisted) -> dict[str, Presence]:
    """Labels with the policy for findings that are not listed.

    ``unlabelled``: nothing is added. ``absent``: every other finding is absent; "no finding" is too where a finding
    is present, and unlabelled where none is or one is uncertain. An empty cell says nothing under either policy:
    a normal film is listed as "No Finding".
    """
    if unlisted not in get_args(Unlisted):
        raise ConfigError(f"unlisted is '{unlisted}', allowed are {' and '.join(map(repr, get_args(Unlisted)))}.")
    if unlisted == "unlabelled" or not listed:
        return dict(listed)
    labels = dict.fromkeys(findings, Presence.ABSENT) | dict(listed)
    if NORMAL in labels and NORMAL not in listed and not _any_present(listed):
        del labels[NORMAL]
    return labels


def findings_of(labels: Iterable[Mapping[str, Presence]], knowledge: KnowledgeBase) -> tuple[str, ...]:
    """Every finding that is listed somewhere, in the order of the knowledge base."""
    listed = {concept for row in labels for concept in row}
    return tuple(concept.id for concept in knowledge if concept.id in listed)


def _any_present(labels: Mapping[str, Presence]) -> bool:
    return any(presence is Presence.PRESENT for presence in labels.values())


def _require_consistent(labels: Mapping[str, Presence]) -> None:
    others = {concept: presence for concept, presence in labels.items() if concept != NORMAL}
    if labels.get(NORMAL) is Presence.PRESENT and _any_present(others):
        found = ", ".join(concept for concept, presence in others.items() if presence is Presence.PRESENT)
        raise CorpusError(f"'{NORMAL}' and a finding ({found}) are both present.")

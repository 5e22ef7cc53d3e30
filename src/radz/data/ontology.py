"""Labels of corpora as concepts: which concept a label speaks of, and whether it says all of it, more or less.

One YAML file a corpus in ``labels/``, the relation first, then label and concept:

- ``exact``: the label means the concept.
- ``narrower``: the label is a kind of the concept. Where it is absent, nothing is known of the concept.
- ``broader``: the label holds more than the concept. Where it is present or uncertain, nothing is known
  of the concept.
- ``none``: the label means no concept of the knowledge base; the reason stands in the concept's place.

The files are judgements of what the corpora's authors meant, made from their papers and tables; nobody has reviewed
them. Names and hierarchy of the concepts are the knowledge base's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from radz import registry
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import Presence


class Relation(StrEnum):
    """What a label is beside a concept, or beside another label."""

    EXACT = "exact"
    NARROWER = "narrower"
    BROADER = "broader"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Label:
    """A label as its corpus spells it. ``concept``: an id, empty where the relation is none; then ``why`` says why."""

    name: str
    relation: Relation
    concept: str = ""
    why: str = ""


def corpora_with_labels() -> list[str]:
    """Names of the corpora that have a file of labels, sorted."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


@cache
def labels_of(corpus: str) -> Mapping[str, Label]:
    """Label -> what it means, in the file's order.

    Raises UnknownNameError for a corpus that does not exist or has no labels of its own, KnowledgeError for a file that
    names an unknown concept or a label twice.
    """
    if corpus not in corpora_with_labels():
        _require_corpus(corpus)
    path = _folder() / f"{corpus}.yaml"
    entries = [entry for relation, group in _groups(path).items() for entry in _labels(relation, group)]
    _require_sound(entries, path.name)
    return {entry.name: entry for entry in entries}


def concepts_of(corpus: str) -> tuple[str, ...]:
    """Ids of the concepts that the corpus's labels speak of, in the order of the knowledge base."""
    meant = {label.concept for label in labels_of(corpus).values()}
    return tuple(concept.id for concept in KnowledgeBase.load() if concept.id in meant)


def to_concepts(corpus: str, labels: Mapping[str, Presence]) -> dict[str, Presence]:
    """Labels of one study -> what they say of concepts.

    An absent narrower label and a broader one that is not absent say nothing and are left out. Where several labels
    speak of one concept, present outweighs uncertain, uncertain outweighs absent. Raises UnknownNameError for a label
    that the corpus's file has not.
    """
    known = labels_of(corpus)
    said: dict[str, Presence] = {}
    for name, presence in labels.items():
        if name not in known:
            raise UnknownNameError(f"label of {corpus}", name, known)
        if _speaks(known[name].relation, presence):
            concept = known[name].concept
            said[concept] = max(said.get(concept, presence), presence, key=_WEIGHT.index)
    return said


_WEIGHT = (Presence.UNLABELLED, Presence.ABSENT, Presence.UNCERTAIN, Presence.PRESENT)
_SILENT = {
    Relation.EXACT: (Presence.UNLABELLED,),
    Relation.NARROWER: (Presence.UNLABELLED, Presence.ABSENT),
    Relation.BROADER: (Presence.UNLABELLED, Presence.UNCERTAIN, Presence.PRESENT),
    Relation.NONE: _WEIGHT,
}


def _speaks(relation: Relation, presence: Presence) -> bool:
    return presence not in _SILENT[relation]


def _folder() -> Path:
    return Path(str(files("radz.data"))) / "labels"


def _require_corpus(corpus: str) -> None:
    if corpus in registry.names("corpora"):
        hint = f"'{corpus}' has no file of labels: its labels are names of the knowledge base (docs/knowledge.md)."
        raise UnknownNameError("corpus with labels of its own", corpus, corpora_with_labels(), hint)
    raise UnknownNameError("corpus", corpus, corpora_with_labels())


def _groups(path: Path) -> dict[Relation, dict[str, str]]:
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "same_labels_as" in tree:
        return _groups(path.with_name(f"{tree['same_labels_as']}.yaml"))
    return {Relation(relation): group for relation, group in tree.items()}


def _labels(relation: Relation, group: Mapping[str, str]) -> list[Label]:
    if relation is Relation.NONE:
        return [Label(name, relation, why=why) for name, why in group.items()]
    return [Label(name, relation, concept) for name, concept in group.items()]


def _require_sound(entries: Iterable[Label], where: str) -> None:
    known = {concept.id for concept in KnowledgeBase.load()}
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise KnowledgeError(f"{where}: the label '{entry.name}' stands under two relations. Keep one.")
        if entry.relation is not Relation.NONE and entry.concept not in known:
            raise UnknownNameError(f"concept (of the label '{entry.name}' in {where})", entry.concept, known)
        seen.add(entry.name)

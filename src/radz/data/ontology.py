"""Labels of corpora as concepts of the knowledge base: each label has a concept and a relation to it.

Each corpus has a YAML file in ``labels/``: the relation first, then label and concept.

- ``exact``: the label means the concept.
- ``narrower``: the label is a kind of the concept. Where it is absent, the concept is unknown.
- ``broader``: the label includes more than the concept. Where it is present or uncertain, the concept is unknown.
- ``none``: the label has no concept in the knowledge base; the file gives the reason instead.

The files follow the papers and tables of the corpora's authors; nobody has reviewed them. Names and hierarchy of the
concepts are those of the knowledge base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

from radz import registry
from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.storage import load_yaml
from radz.types import Presence


class Relation(StrEnum):
    """Relation of a label to a concept, or to another label."""

    EXACT = "exact"
    NARROWER = "narrower"
    BROADER = "broader"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Label:
    """A label as its corpus spells it. concept: an id, empty if the relation is none; ``why`` is the reason then."""

    name: str
    relation: Relation
    concept: str = ""
    why: str = ""


def corpora_with_labels() -> list[str]:
    """Names of the corpora that have a file of labels, sorted."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


@cache
def labels_of(corpus: str) -> Mapping[str, Label]:
    """Label -> its concept and relation, in the order of the file.

    Raises UnknownNameError for a corpus that does not exist or has no file of labels, KnowledgeError for a file that
    names an unknown concept or a label twice.
    """
    if corpus not in corpora_with_labels():
        _require_corpus(corpus)
    path = _folder() / f"{corpus}.yaml"
    entries = [entry for relation, group in _groups(path).items() for entry in _labels(relation, group)]
    _require_sound(entries, path.name)
    return {entry.name: entry for entry in entries}


def concepts_of(corpus: str) -> tuple[str, ...]:
    """Ids of the concepts of the corpus's labels, in the order of the knowledge base."""
    meant = {label.concept for label in labels_of(corpus).values()}
    return tuple(concept.id for concept in KnowledgeBase.load() if concept.id in meant)


def to_concepts(corpus: str, labels: Mapping[str, Presence]) -> dict[str, Presence]:
    """Labels of one study -> presence of concepts.

    An absent narrower label and a broader label that is not absent are left out, as the concept is unknown. Where
    several labels have one concept, present outweighs uncertain, and uncertain outweighs absent. Raises
    UnknownNameError for a label that is not in the corpus's file.
    """
    known = labels_of(corpus)
    concepts: dict[str, Presence] = {}
    for name, presence in labels.items():
        if name not in known:
            raise UnknownNameError(f"label of {corpus}", name, known)
        if _determines(known[name].relation, presence):
            concept = known[name].concept
            concepts[concept] = max(concepts.get(concept, presence), presence, key=_WEIGHT.index)
    return concepts


_WEIGHT = (Presence.UNLABELLED, Presence.ABSENT, Presence.UNCERTAIN, Presence.PRESENT)
_UNKNOWN = {
    Relation.EXACT: (Presence.UNLABELLED,),
    Relation.NARROWER: (Presence.UNLABELLED, Presence.ABSENT),
    Relation.BROADER: (Presence.UNLABELLED, Presence.UNCERTAIN, Presence.PRESENT),
    Relation.NONE: _WEIGHT,
}


def _determines(relation: Relation, presence: Presence) -> bool:
    return presence not in _UNKNOWN[relation]


def _folder() -> Path:
    return Path(str(files("radz.data"))) / "labels"


def _require_corpus(corpus: str) -> None:
    if corpus in registry.names("corpora"):
        hint = f"'{corpus}' has no file of labels: its labels are names of the knowledge base (docs/knowledge.md)."
        raise UnknownNameError("corpus with a file of labels", corpus, corpora_with_labels(), hint)
    raise UnknownNameError("corpus", corpus, corpora_with_labels())


def _groups(path: Path) -> dict[Relation, dict[str, str]]:
    tree = load_yaml(path)
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
            raise KnowledgeError(f"{where}: the label '{entry.name}' is under two relations. Keep one.")
        if entry.relation is not Relation.NONE and entry.concept not in known:
            raise UnknownNameError(f"concept (of the label '{entry.name}' in {where})", entry.concept, known)
        seen.add(entry.name)

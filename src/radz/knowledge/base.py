"""The knowledge base: concepts by id, looked up under any of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge.concept import DESCRIPTION, IMAGED, Concept, Group
from radz.knowledge.concept_file import describe_concept, read_concepts
from radz.knowledge.names import fold, mentions
from radz.types import NORMAL

ALL, GROUP = "all", "group:"
LIST_HINT = "`radz findings` lists those that are known."


class KnowledgeBase:
    """Concepts by id, looked up under any of their names in any language.

    Of two concepts with the same id the later one wins. Raises KnowledgeError if two concepts share a name.
    """

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._concepts = {concept.id: concept for concept in concepts}
        self._ids = _ids_by_name(self._concepts.values())

    @classmethod
    def load(cls, extra: Sequence[Path] = ()) -> KnowledgeBase:
        """The shipped concepts and those of the user's YAML files; a later entry replaces an earlier one.

        An entry that has only ``statements`` adds them to the concept with its id. Raises KnowledgeError for a file
        with another form, or for a parent that does not exist.
        """
        shipped = _shipped()
        if not extra:
            return shipped
        concepts = {concept.id: concept for concept in shipped}
        for path in extra:
            concepts |= {concept.id: concept for concept in read_concepts(path, concepts)}
        base = cls([*concepts.values()])
        base.require_parents()
        return base

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def __len__(self) -> int:
        return len(self._concepts)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self._ids

    def __getitem__(self, name: str) -> Concept:
        """The concept with that id, name or synonym, ignoring case. Raises UnknownNameError with the nearest name."""
        try:
            return self._concepts[self._ids[fold(name)]]
        except KeyError:
            known = {fold(name): name for concept in self for name in (*concept.names, concept.id)}.values()
            hint = f'{LIST_HINT} A new one is given as "name: description", or in a YAML file.'
            raise UnknownNameError("finding", name, known, hint) from None

    def parse(self, text: str) -> Concept:
        """A known name, or "name: description" for a new finding."""
        name, colon, description = (part.strip() for part in text.partition(":"))
        return describe_concept(name, description) if colon else self[text]

    def select(self, which: str, body_part: str, modality: str) -> list[Concept]:
        """Findings and devices for images of that kind: ``all``, or one disease group such as ``group:infectious``.

        "No finding" is never included. Raises UnknownNameError for an unknown group.
        """
        group = which.removeprefix(GROUP).strip() if which.startswith(GROUP) else None
        if group not in (None, *get_args(Group)):
            raise UnknownNameError("disease group", str(group), get_args(Group))
        shown = [c for c in self if c.kind in IMAGED and (c.body_part, c.modality) == (body_part, modality)]
        return [c for c in shown if c.id != NORMAL and group in (None, c.group)]

    def lineage(self, concept: str) -> frozenset[str]:
        """Ids of ``concept`` and of all its ancestors."""
        visited, pending = set[str](), [self[concept].id]
        while pending:
            if (current := pending.pop()) not in visited:
                visited.add(current)
                pending += self[current].parents
        return frozenset(visited)

    def without(self, held: frozenset[str]) -> KnowledgeBase:
        """The base without the concepts ``held`` (ids, narrower forms included) and without texts that name them."""
        names = {fold(name) for concept in held for name in self[concept].names}
        return KnowledgeBase([_without_mentions(concept, names) for concept in self if concept.id not in held])

    def with_description_fields(self, fields: Iterable[str]) -> KnowledgeBase:
        """The base with only ``fields`` of DESCRIPTION, so that anchors read shorter descriptions."""
        dropped = [name for name in DESCRIPTION if name not in {*fields}]
        empty: dict[str, Any] = {name: "" if name == "definition" else () for name in dropped}
        return KnowledgeBase([concept.model_copy(update=empty) for concept in self]) if dropped else self

    def require_parents(self) -> None:
        """Raise KnowledgeError if a parent of a concept does not exist."""
        for concept in self:
            for parent in concept.parents:
                if parent not in self._concepts:
                    raise KnowledgeError(
                        f"Concept '{concept.id}' has the parent '{parent}', which is not a concept. {LIST_HINT}"
                    )


def _ids_by_name(concepts: Iterable[Concept]) -> dict[str, str]:
    """Folded name -> id of its concept."""
    ids: dict[str, str] = {}
    for concept in concepts:
        for name in concept.every_name:
            if ids.setdefault(fold(name), concept.id) != concept.id:
                raise KnowledgeError(
                    f"The name '{name}' belongs to two concepts, '{ids[fold(name)]}' and '{concept.id}'. "
                    "Remove it from one of them, or give a replacement the id of the other."
                )
    return ids


def _without_mentions(concept: Concept, names: set[str]) -> Concept:
    """The concept without its texts and synonyms that contain one of the folded names."""
    lists = ("synonyms", "labels", "appearance", "location", "context", "not_to_confuse")
    silent = {f: tuple(t for t in getattr(concept, f) if not mentions(fold(t), names)) for f in lists}
    definition = "" if mentions(fold(concept.definition), names) else concept.definition
    statements = tuple(s for s in concept.statements if not mentions(fold(s.text), names))
    return concept.model_copy(update={**silent, "definition": definition, "statements": statements})


@cache
def _shipped() -> KnowledgeBase:
    folder = Path(str(files("radz.knowledge"))) / "concepts"
    base = KnowledgeBase([concept for path in sorted(folder.glob("*.yaml")) for concept in read_concepts(path)])
    base.require_parents()
    return base

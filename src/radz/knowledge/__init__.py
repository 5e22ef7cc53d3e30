"""Concepts: the one owner of names, synonyms, hierarchy and texts.

A concept is one entry of a YAML file: its id as key, then the fields of ``Concept``. Users add diseases with a
file of their own or, on the command line, with "name: description". ``python -m radz.knowledge`` counts what there is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from radz.errors import KnowledgeError, UnknownNameError
from radz.knowledge.statement import Statement
from radz.types import NORMAL

UNREVIEWED = "unreviewed"
Group = Literal["infectious", "neoplastic", "cardiovascular", "other"]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
IMAGED = ("finding", "device")
"""Kinds of concept that one film can show and another not; the others say what film it is."""
DESCRIPTION = ("definition", "appearance", "location", "context")
"""Fields that tell what a finding is, in the order in which anchors read them."""
ALL, GROUP = "all", "group:"
LIST = "`radz findings` lists those that are known."


class Concept(BaseModel):
    """What is known of one finding, device, body part or modality. Every text field may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$", description="Key of the entry, in lower case with underscores.")
    name: str = Field(min_length=1, description="Canonical name as it stands in a sentence, e.g. 'pleural effusion'.")
    kind: Literal["finding", "device", "body_part", "modality"] = Field(
        "finding",
        description="Something seen in an image, something put into the body, or a kind of image.",
    )
    default: bool = Field(False, description="Whether `predict` scores it where the user names no finding.")
    synonyms: tuple[str, ...] = Field((), description="Other English names, corpus labels among them.")
    labels: tuple[str, ...] = Field(
        (),
        description="Labels of corpora for it or a kind of it; found like synonyms, never put into a sentence.",
    )
    translations: dict[Language, tuple[str, ...]] = Field(
        {}, description="Language (ISO 639-1) -> names; found like synonyms, never put into a sentence."
    )
    definition: str = Field("", description="What it is, a clause without the name.")
    appearance: tuple[str, ...] = Field((), description="How it looks in the image, a noun phrase each.")
    location: tuple[str, ...] = Field((), description="Where it is usually seen.")
    context: tuple[str, ...] = Field((), description="In whom it is seen.")
    not_to_confuse: tuple[str, ...] = Field((), description="What looks like it.")
    parents: tuple[str, ...] = Field((), description="Ids of broader concepts.")
    group: Group = Field("other", description="Disease group.")
    body_part: str = Field("chest", description="Body part of the image that the appearance speaks of.")
    modality: str = Field("radiograph", description="The kind of image the appearance speaks of.")
    codes: dict[str, str] = Field({}, description="Ontology -> code.")
    statements: tuple[Statement, ...] = Field(
        (), description="Sentences with a source each: cited, or drafted. The strategies `rules` and `hybrid` use them."
    )
    source: str = Field(UNREVIEWED, description="What was opened to write it (title, section, date), or 'unreviewed'.")

    @field_validator("statements")
    @classmethod
    def _each_text_once(cls, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """Of two with one text the later counts: it may be the reviewed one."""
        return tuple({statement.text: statement for statement in statements}.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical name first, then the synonyms; English."""
        return (self.name, *self.synonyms)

    @property
    def spoken_names(self) -> tuple[str, ...]:
        """Names in every language: what a report may call it."""
        return (*self.names, *(name for names in self.translations.values() for name in names))

    @property
    def every_name(self) -> tuple[str, ...]:
        """Id, names and labels of corpora: all that it is found under."""
        return (self.id, *self.spoken_names, *self.labels)

    @property
    def sha256(self) -> str:
        """Hash of everything the entry says. One without statements has the hash that it had before there were any."""
        said = self.model_dump_json(exclude=None if self.statements else {"statements"})
        return hashlib.sha256(said.encode()).hexdigest()

    def unreviewed(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Which of an anchor's ``texts`` are statements that nobody has reviewed."""
        open_texts = {statement.text for statement in self.statements if not statement.reviewed}
        return tuple(text for text in texts if text in open_texts)


class KnowledgeBase:
    """Concepts by id, found under any of their names, in any language. Of two of one id the later counts.

    Raises KnowledgeError where two concepts share a name.
    """

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._concepts = {concept.id: concept for concept in concepts}
        self._ids = _owners(self._concepts.values())

    @classmethod
    def load(cls, extra: Sequence[Path] = ()) -> KnowledgeBase:
        """The shipped concepts and those of the user's YAML files; a later entry replaces an earlier one.

        An entry that has ``statements`` alone adds them to the concept of its id instead. Raises KnowledgeError for a
        file that is not of this form, or a parent that does not exist.
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
        """The concept of that id, name or synonym, whatever its case. Raises UnknownNameError with the nearest."""
        try:
            return self._concepts[self._ids[fold(name)]]
        except KeyError:
            known = {fold(name): name for concept in self for name in (*concept.names, concept.id)}.values()
            hint = f'{LIST} A new one is given as "name: description", or in a YAML file.'
            raise UnknownNameError("finding", name, known, hint) from None

    def parse(self, text: str) -> Concept:
        """A known name, or "name: description" for a disease of the user's own."""
        name, colon, description = (part.strip() for part in text.partition(":"))
        if not colon:
            return self[text]
        return described(name, description)

    def select(self, which: str, body_part: str, modality: str) -> list[Concept]:
        """Findings and devices of an image of that kind: ``all``, or ``group:infectious`` for one disease group.

        "No finding" is none of them. Raises UnknownNameError for a group that does not exist.
        """
        group = which.removeprefix(GROUP).strip() if which.startswith(GROUP) else None
        if group not in (None, *get_args(Group)):
            raise UnknownNameError("disease group", str(group), get_args(Group))
        shown = [c for c in self if c.kind in IMAGED and (c.body_part, c.modality) == (body_part, modality)]
        return [c for c in shown if c.id != NORMAL and group in (None, c.group)]

    def lineage(self, concept: str) -> frozenset[str]:
        """Ids of ``concept`` and of everything above it."""
        found, open_ids = set[str](), [self[concept].id]
        while open_ids:
            if (here := open_ids.pop()) not in found:
                found.add(here)
                open_ids += self[here].parents
        return frozenset(found)

    def without(self, held: frozenset[str]) -> KnowledgeBase:
        """The base without the concepts ``held`` (ids, narrower forms included) and without what names one of them."""
        names = {fold(name) for concept in held for name in self[concept].names}
        return KnowledgeBase([_silent(concept, names) for concept in self if concept.id not in held])

    def with_description_fields(self, fields: Iterable[str]) -> KnowledgeBase:
        """The base whose entries keep only ``fields`` of DESCRIPTION, so that anchors read shorter descriptions."""
        dropped = [name for name in DESCRIPTION if name not in {*fields}]
        empty: dict[str, Any] = {name: "" if name == "definition" else () for name in dropped}
        return KnowledgeBase([concept.model_copy(update=empty) for concept in self]) if dropped else self

    def require_parents(self) -> None:
        """Raise KnowledgeError where a concept names a parent that is not there."""
        for concept in self:
            for parent in concept.parents:
                if parent not in self._concepts:
                    raise KnowledgeError(
                        f"Concept '{concept.id}' has the parent '{parent}', which is not a concept. {LIST}"
                    )


def described(name: str, description: str) -> Concept:
    """A concept from the command line; the description is taken as its appearance."""
    if not name or not description:
        raise KnowledgeError(
            f"A new finding is written \"name: description\", got '{name}: {description}'. "
            'Example: "hiatal hernia: retrocardiac air-fluid level".'
        )
    concept_id = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or hashlib.sha256(name.encode()).hexdigest()[:12]
    return Concept(id=concept_id, name=name, appearance=(description,), source="given by the user")


def read_concepts(path: Path, known: Mapping[str, Concept] | None = None) -> list[Concept]:
    """Concepts of one YAML file; ``known`` (by id) are those to which it may add statements.

    Raises KnowledgeError with the entry and the field that is wrong.
    """
    return [_concept(path, key, entry, (known or {}).get(key)) for key, entry in read_entries(path).items()]


def read_entries(path: Path) -> dict[str, Any]:
    """Concept id -> fields as one YAML file has them, unchecked. Raises KnowledgeError where it is no such file."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KnowledgeError(f"No findings file {path}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path.name} is not valid YAML: {error}") from None
    if not isinstance(tree, dict):
        raise KnowledgeError(f"{path.name} must map a concept id to its fields, found {type(tree).__name__}.")
    return tree


def fold(name: str) -> str:
    """Names compare without case, underscores and hyphens."""
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether folded ``text`` contains any of the folded names as whole words."""
    return any(name in text and _whole(name).search(text) is not None for name in names)


@lru_cache(16_384)  # re keeps 512 expressions, fewer than there are names
def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b")


def _owners(concepts: Iterable[Concept]) -> dict[str, str]:
    """Folded name -> id of its concept."""
    owners: dict[str, str] = {}
    for concept in concepts:
        for name in concept.every_name:
            if owners.setdefault(fold(name), concept.id) != concept.id:
                raise KnowledgeError(
                    f"The name '{name}' belongs to two concepts, '{owners[fold(name)]}' and '{concept.id}'. "
                    "Take it out of one of them, or give a replacement the id of the other."
                )
    return owners


def _silent(concept: Concept, names: set[str]) -> Concept:
    """The concept without the statements and synonyms that contain one of the folded names."""
    lists = ("synonyms", "labels", "appearance", "location", "context", "not_to_confuse")
    kept = {f: tuple(t for t in getattr(concept, f) if not mentions(fold(t), names)) for f in lists}
    definition = "" if mentions(fold(concept.definition), names) else concept.definition
    statements = tuple(s for s in concept.statements if not mentions(fold(s.text), names))
    return concept.model_copy(update={**kept, "definition": definition, "statements": statements})


@cache
def _shipped() -> KnowledgeBase:
    folder = Path(str(files("radz.knowledge"))) / "concepts"
    base = KnowledgeBase([concept for path in sorted(folder.glob("*.yaml")) for concept in read_concepts(path)])
    base.require_parents()
    return base


def _concept(path: Path, key: str, entry: Any, known: Concept | None) -> Concept:
    try:
        return Concept.model_validate({"id": key, **_fields(entry or {}, known)})
    except (ValidationError, TypeError) as error:
        problems = error.errors() if isinstance(error, ValidationError) else [{"loc": (), "msg": str(error)}]
        first = problems[0]
        field = ".".join(map(str, first["loc"]))
        allowed = ", ".join(Concept.model_fields)
        raise KnowledgeError(
            f"{path.name}, concept '{key}', field '{field}': {first['msg']}. Fields are {allowed}."
        ) from None


def _fields(entry: Any, known: Concept | None) -> Any:
    """The entry's fields; of one that only adds statements those of the concept it adds to, with its own last."""
    if known is None or not isinstance(entry, dict) or entry.keys() != {"statements"}:
        return entry
    return {**known.model_dump(), "statements": [*known.statements, *entry["statements"]]}

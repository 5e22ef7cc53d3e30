"""Concepts from YAML files (id -> fields), and from the command line as "name: description"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from radz.errors import KnowledgeError
from radz.knowledge.concept import Concept
from radz.storage import UnreadableError, content_hash, load_yaml

FORM = "Write YAML in UTF-8, e.g. `silicosis: {name: silicosis, appearance: [upper zone nodules]}`."


def read_concepts(path: Path, known: Mapping[str, Concept] | None = None) -> list[Concept]:
    """The concepts of one YAML file.

    known: id -> concepts to which an entry that has only ``statements`` adds them. Raises KnowledgeError with the
    entry and the field that is wrong.
    """
    return [_concept(path, key, entry, (known or {}).get(key)) for key, entry in read_entries(path).items()]


def read_entries(path: Path) -> dict[str, Any]:
    """Concept id -> unchecked fields of one YAML file. Raises KnowledgeError if the file is not such a mapping."""
    try:
        entries = load_yaml(path)
    except FileNotFoundError:
        raise KnowledgeError(f"No findings file {path}. Check the name.") from None
    except UnreadableError as error:
        raise KnowledgeError(f"{path} {error}. {FORM}") from None
    if not isinstance(entries, dict):
        raise KnowledgeError(f"{path.name} must map a concept id to its fields, got {type(entries).__name__}. {FORM}")
    return entries


def describe_concept(name: str, description: str) -> Concept:
    """A concept from the command line; ``description`` becomes its appearance."""
    if not name or not description:
        raise KnowledgeError(
            f"A new finding is written \"name: description\", got '{name}: {description}'. "
            'Example: "hiatal hernia: retrocardiac air-fluid level".'
        )
    concept_id = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or content_hash(name)[:12]
    return Concept(id=concept_id, name=name, appearance=(description,), source="given by the user")


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
    """The fields of an entry; one that has only ``statements`` takes the other fields from the known concept."""
    if known is None or not isinstance(entry, dict) or entry.keys() != {"statements"}:
        return entry
    return {**known.model_dump(), "statements": [*known.statements, *entry["statements"]]}

"""Writes statements to a findings file for ``--findings-file``. Reviewed statements are never lost.

An entry that has only ``statements`` adds them to the concept with its id, either shipped or from an earlier file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from radz.errors import KnowledgeError
from radz.knowledge.concept_file import read_entries
from radz.knowledge.statement import Statement
from radz.storage import atomic_file

HEADER = """\
# Statements without `reviewed: true` have not been reviewed. Set it once you have checked a text against its source.
# Use this file with: radz predict ... --findings-file THIS_FILE. Other comments are lost when radz adds to the file.
"""

Entries = dict[str, dict[str, Any]]
"""Concept id -> fields of its entry."""


def add_statements(path: Path, new: Mapping[str, Sequence[Statement]]) -> int:
    """Add ``new`` (concept id -> statements) to the file, which is created if missing; returns how many were new.

    Existing statements are not changed. Raises KnowledgeError if the file is not a findings file.
    """
    entries = _read(path)
    before = _count(entries)
    for concept, statements in new.items():
        entry = entries.setdefault(concept, {})
        known = {s["text"] for s in _statements(entry)}
        entry["statements"] = _statements(entry) + [_plain(s) for s in statements if s.text not in known]
    _write(path, entries)
    return _count(entries) - before


def replace_drafts(path: Path, new: Mapping[str, Sequence[Statement]]) -> None:
    """Replace earlier drafts of the concepts in ``new`` (concept id -> drafts); everything else is preserved.

    Raises KnowledgeError, without writing, if one of the earlier drafts was reviewed.
    """
    require_unreviewed(path, new)
    entries = _read(path)
    for concept, statements in new.items():
        entry = entries.setdefault(concept, {})
        cited = [s for s in _statements(entry) if not s.get("draft")]
        entry["statements"] = cited + [_plain(s) for s in statements]
    _write(path, entries)


def require_unreviewed(path: Path, concepts: Mapping[str, object] | Sequence[str]) -> None:
    """Raise KnowledgeError if ``path`` contains a reviewed draft of one of ``concepts`` (ids)."""
    entries = _read(path)
    for concept in concepts:
        reviewed = [s for s in _statements(entries.get(concept, {})) if s.get("draft") and s.get("reviewed")]
        if reviewed:
            raise KnowledgeError(
                f"{path} has {len(reviewed)} reviewed draft(s) of '{concept}' that would be overwritten. "
                "Write to another file, or remove the concept from the command."
            )


def _read(path: Path) -> Entries:
    return {key: dict(entry or {}) for key, entry in read_entries(path).items()} if path.exists() else {}


def _statements(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(entry.get("statements") or ())


def _count(entries: Entries) -> int:
    """Statements in all entries."""
    return sum(len(_statements(entry)) for entry in entries.values())


def _plain(statement: Statement) -> dict[str, Any]:
    """The fields that differ from their defaults, and always ``reviewed``."""
    return statement.model_dump(mode="json", exclude_defaults=True) | {"reviewed": statement.reviewed}


def _write(path: Path, entries: Entries) -> None:
    text = HEADER + yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=100)
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")

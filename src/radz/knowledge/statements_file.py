"""Writing statements into a findings file that ``--findings-file`` takes; nothing a person has reviewed is lost.

An entry that has ``statements`` alone adds them to the concept of its id, shipped or of an earlier file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from radz.errors import KnowledgeError
from radz.knowledge import read_entries
from radz.knowledge.statement import Statement

HEADER = """\
# Statements that nobody has reviewed, unless one says `reviewed: true`. Whoever has checked a text against its source
# may set that. Use: radz predict ... --findings-file THIS_FILE. Comments other than this one are lost when radz adds
# to the file.
"""


def add_statements(path: Path, new: Mapping[str, Sequence[Statement]]) -> int:
    """Add statements, concept id -> statements, to the file, which need not be there; how many were new to it.

    What the file says already stays as it is. Raises KnowledgeError for a file that is no findings file.
    """
    tree = _tree(path)
    before = sum(map(len, map(_statements, tree.values())))
    for concept, statements in new.items():
        entry = tree.setdefault(concept, {})
        known = {s["text"] for s in _statements(entry)}
        entry["statements"] = _statements(entry) + [_plain(s) for s in statements if s.text not in known]
    _write(path, tree)
    return sum(map(len, map(_statements, tree.values()))) - before


def replace_drafts(path: Path, new: Mapping[str, Sequence[Statement]]) -> None:
    """Put drafts, concept id -> statements, in the place of earlier drafts of these concepts; the rest stays.

    Raises KnowledgeError, and writes nothing, where one of the earlier drafts was reviewed.
    """
    require_unreviewed(path, new)
    tree = _tree(path)
    for concept, statements in new.items():
        entry = tree.setdefault(concept, {})
        kept = [s for s in _statements(entry) if not s.get("draft")]
        entry["statements"] = kept + [_plain(s) for s in statements]
    _write(path, tree)


def require_unreviewed(path: Path, concepts: Mapping[str, object] | Sequence[str]) -> None:
    """Raise KnowledgeError where ``path`` holds a reviewed draft of one of ``concepts`` (ids)."""
    tree = _tree(path)
    for concept in concepts:
        reviewed = [s for s in _statements(tree.get(concept, {})) if s.get("draft") and s.get("reviewed")]
        if reviewed:
            raise KnowledgeError(
                f"{path} holds {len(reviewed)} reviewed draft(s) of '{concept}', which would be overwritten. "
                "Write to another file, or take the concept out of the command."
            )


def _tree(path: Path) -> dict[str, Any]:
    return {key: dict(entry or {}) for key, entry in read_entries(path).items()} if path.exists() else {}


def _statements(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(entry.get("statements") or ())


def _plain(statement: Statement) -> dict[str, Any]:
    return statement.model_dump(mode="json", exclude_defaults=True) | {"reviewed": statement.reviewed}


def _write(path: Path, tree: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    text = HEADER + yaml.safe_dump(dict(tree), sort_keys=False, allow_unicode=True, width=100)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent, text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(partial, path)

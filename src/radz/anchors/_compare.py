"""Two directories of anchors compared: additions, removals and changes, with the size of each change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from radz.anchors._repository import read_anchors
from radz.types import Anchors

SPACE = ("fingerprint", "backbone", "granularity")
"""What defines the space of a model's anchors. Number format and device only affect rounding."""
FIELDS = ("name", "kind", "texts", "denials", "source", "parents", "unreviewed")
MOVED = 1e-6
"""A cosine below 1 by more than this is a change; rounding of unit float32 rows stays within it."""

Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A concept that differs between the directories.

    fields: name of a field -> what the first and the second directory say. cosine: between the two vectors, in
    [-1, 1]; ``None`` if they lie in spaces of different models.
    """

    concept: str
    fields: Mapping[str, Pair]
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """From a first directory to a second: concepts added, removed and changed, each in the order of its directory.

    strategies: of both. model: what the models' identities differ in -> of the first, of the second.
    """

    strategies: tuple[str, str]
    model: Mapping[str, Pair]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]
    unchanged: int

    @property
    def comparable(self) -> bool:
        """Whether a cosine between the two means anything."""
        return not self.model.keys() & set(SPACE)


def compare_directories(first: Path, second: Path) -> Difference:
    """What changed from ``first`` to ``second``. Raises AnchorError if one is incomplete or damaged."""
    (old, before), (new, after) = read_anchors(first), read_anchors(second)
    model = _differing(before["model"], after["model"], sorted(before["model"]))
    both = [concept for concept in old.concepts if concept in new.concepts]
    cosines = _cosines(old, new, both) if not model.keys() & set(SPACE) else dict.fromkeys(both)
    entries = [{entry["id"]: entry for entry in record["concepts"]} for record in (before, after)]
    changes = [Change(c, _differing(entries[0][c], entries[1][c], FIELDS), cosines[c]) for c in both]
    changed = tuple(c for c in changes if c.fields or (c.cosine is not None and c.cosine < 1 - MOVED))
    return Difference(
        strategies=(old.strategy, new.strategy),
        model=model,
        added=tuple(c for c in new.concepts if c not in old.concepts),
        removed=tuple(c for c in old.concepts if c not in new.concepts),
        changed=changed,
        unchanged=len(both) - len(changed),
    )


def _differing(first: Mapping[str, Any], second: Mapping[str, Any], fields: Any) -> dict[str, Pair]:
    """Fields with different values; a field that one record lacks, e.g. an older one, is not a difference."""
    pairs = {name: (first[name], second[name]) for name in fields if name in first and name in second}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _cosines(old: Anchors, new: Anchors, both: list[str]) -> dict[str, float]:
    """Concept -> cosine of its two unit rows (E,)."""
    before, after = (a.positive[[a.concepts.index(c) for c in both]].double() for a in (old, new))
    return dict(zip(both, torch.cosine_similarity(before, after, dim=-1).tolist(), strict=True))

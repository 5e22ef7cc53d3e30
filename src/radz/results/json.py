"""Results as one JSON document, with the research-use notice and the version of its fields."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, ClassVar, TextIO

from radz.types import RESEARCH_USE, Result

SCHEMA_VERSION = 1
"""Raised when a field is renamed or removed, or means something else."""


class JsonWriter:
    """The fields of every result, refused images too, which have an ``error``."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def write(self, results: Iterable[Result], file: TextIO, *, top: int | None = None) -> None:
        """Write all findings; ``top`` has no effect."""
        json.dump(document(results), file, indent=2, ensure_ascii=False)
        file.write("\n")


def document(results: Iterable[Result]) -> dict[str, Any]:
    """The whole document as plain values."""
    return {
        "notice": RESEARCH_USE,
        "schema_version": SCHEMA_VERSION,
        "results": [asdict(result) for result in results],
    }


plugin = JsonWriter

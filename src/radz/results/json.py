"""Results as one JSON document, with the research-use notice and the version of its fields."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import indent
from typing import ClassVar, TextIO

from radz.types import RESEARCH_USE, Result

SCHEMA_VERSION = 2
"""Raised when a field is renamed or removed, or means something else. 2: findings by probability, then percentile."""


class JsonWriter:
    """The fields of every result, refused images too, which have an ``error``.

    Bytes of a file name that are not UTF-8 are escaped (``\\udce9``), as Python's ``os.fsencode`` takes them back.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def __init__(self, file: TextIO, top: int | None = None) -> None:
        """``top`` has no effect: all findings are written."""
        self._file, self._empty = file, True

    def begin(self) -> None:
        """Write notice and version."""
        self._file.write(f'{{\n  "notice": {_json(RESEARCH_USE)},\n')
        self._file.write(f'  "schema_version": {SCHEMA_VERSION},\n  "results": [')

    def write(self, result: Result) -> None:
        """Write the fields of one result."""
        self._file.write("\n" if self._empty else ",\n")
        self._file.write(indent(_json(asdict(result)), " " * 4))
        self._empty = False

    def end(self) -> None:
        """Close the list and the document."""
        self._file.write("]\n}\n" if self._empty else "\n  ]\n}\n")


def _json(value: object) -> str:
    """``value`` as JSON, with an escape for each surrogate, which no encoding takes."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


plugin = JsonWriter

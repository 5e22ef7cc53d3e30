"""Results of images and their writers, one file each: ``results/csv.py`` writes the format ``csv``.

A writer is a class without arguments. Its file names it in ``plugin``; third parties use the entry point group
``radz.results``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol, TextIO, runtime_checkable

from radz import registry
from radz.errors import ConfigError
from radz.storage import atomic_file
from radz.types import Result


@runtime_checkable
class ResultWriter(Protocol):
    """Writes ranked findings of images as text. suffixes: of the files that it writes, e.g. ``.csv``."""

    suffixes: ClassVar[tuple[str, ...]]

    def write(self, results: Iterable[Result], file: TextIO, *, top: int | None = None) -> None:
        """Write all results to ``file``, with the research-use notice where the format has room for it.

        top: findings per image for people to read; a format for programs writes all of them.
        """
        ...


def open_writer(name: str) -> ResultWriter:
    """The writer of a format, e.g. ``csv``. Raises UnknownNameError for an unknown one."""
    writer: ResultWriter = registry.load("results", name)()
    return writer


def format_of(path: Path) -> str:
    """The format that the suffix of ``path`` names. Raises ConfigError where none does."""
    formats = {suffix: name for name in registry.names("results") for suffix in open_writer(name).suffixes}
    if path.suffix.lower() not in formats:
        raise ConfigError(
            f"{path.name} does not name a format of results: its suffix must be one of {', '.join(sorted(formats))}. "
            "Or name one with --format."
        )
    return formats[path.suffix.lower()]


def write_file(results: Iterable[Result], path: Path, name: str, *, top: int | None = None) -> None:
    """Write results to a file in the format ``name``; the file appears whole or not at all.

    Raises UnknownNameError for an unknown format.
    """
    writer = open_writer(name)
    with atomic_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer.write(results, file, top=top)

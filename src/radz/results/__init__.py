"""Results of images and their writers, one file each: ``results/csv.py`` writes the format ``csv``.

A writer is a class that is made with the file to write to. Its file names it in ``plugin``; third parties use the entry
point group ``radz.results``. Results are written one by one, so that a run that ends early keeps what it has done.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import ClassVar, Protocol, TextIO, runtime_checkable

from radz import registry
from radz.errors import ConfigError, printable
from radz.results._output import Output, cannot_be_written, open_output
from radz.results._output import require_writable as require_writable
from radz.types import Result


@runtime_checkable
class ResultWriter(Protocol):
    """Writes ranked findings of images to a text file, with the research-use notice where the format has room for it.

    suffixes: of the files that it writes, e.g. ``.csv``. The file is whole after ``begin``, any number of ``write`` and
    ``end``. File names may hold any character: they are escaped so that none acts on a terminal or a spreadsheet.
    """

    suffixes: ClassVar[tuple[str, ...]]

    def __init__(self, file: TextIO, top: int | None = None) -> None:
        """top: findings per image for people to read; a format for programs writes all of them."""
        ...

    def begin(self) -> None:
        """Write what precedes the first result."""
        ...

    def write(self, result: Result) -> None:
        """Write one result."""
        ...

    def end(self) -> None:
        """Write what follows the last result."""
        ...


def writer_class(name: str) -> type[ResultWriter]:
    """The writer of a format, e.g. ``csv``. Raises UnknownNameError for an unknown one."""
    writer: type[ResultWriter] = registry.load("results", name)
    return writer


def format_of(path: Path) -> str:
    """The format that the suffix of ``path`` names. Raises ConfigError if none does."""
    formats = {suffix: name for name in registry.names("results") for suffix in writer_class(name).suffixes}
    if path.suffix.lower() not in formats:
        raise ConfigError(
            f"{printable(path.name)} does not name a format of results: its suffix must be one of "
            f"{', '.join(sorted(formats))}. Or name one with --format."
        )
    return formats[path.suffix.lower()]


def write_stream(results: Iterable[Result], file: TextIO, name: str, *, top: int | None = None) -> None:
    """Write results to an open file as they come; each one is flushed.

    Raises UnknownNameError for an unknown format.
    """
    writer = writer_class(name)(file, top)
    writer.begin()
    for result in results:
        writer.write(result)
        file.flush()
    writer.end()
    file.flush()


def write_file(results: Iterable[Result], path: Path, name: str, *, top: int | None = None) -> None:
    """Write results to a file in the format ``name``, each as it comes; the file appears when it is whole.

    If the disk fills up, the file has the results so far. Raises UnknownNameError for an unknown format, ConfigError
    for a file that cannot be written, whole or to its end.
    """
    text, written = StringIO(), 0
    writer = writer_class(name)(text, top)
    with open_output(path) as output:
        writer.begin()
        _move(text, output)
        for result in results:
            writer.write(result)
            if not _move(text, output):
                break
            written += 1
        writer.end()
        if (not _move(text, output) or not written) and output.error:
            raise ConfigError(cannot_be_written(path, output.error))
    if output.error:
        raise ConfigError(
            f"{printable(str(path))} has the results of {written} images only ({output.error.strerror}). Free space, "
            "and do the others with --skip, the number of images that are done, and another --out."
        )


def _move(text: StringIO, output: Output) -> bool:
    """Write ``text`` to the output and empty it; whether the output took it."""
    content = text.getvalue()
    text.seek(0)
    text.truncate()
    return output.write(content)

"""The file that results go to: checked first, moved to its place when it is whole, cut where a disk is full."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from radz.errors import ConfigError, printable
from radz.storage import atomic_file


def require_writable(path: Path) -> None:
    """Raise ConfigError unless a file can be written at ``path``; nothing is left there.

    A folder, a missing folder above it, and a lack of permission or space are named.
    """
    shown, folder = printable(str(path)), path.parent
    if path.is_dir():
        raise ConfigError(f"{shown} is a folder, so no file can be written there. Give the name of a file with --out.")
    if not folder.is_dir():
        raise ConfigError(f"{printable(str(folder))} is no folder. Make it first, or choose another file with --out.")
    try:
        if _is_special(path):  # opening a pipe would show its reader an end
            _require_permission(path)
        else:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".unfinished") as trial:
                trial.write(b"trial")
    except OSError as error:
        raise ConfigError(cannot_be_written(path, error)) from None


class Output:
    """An open file that takes texts whole or not at all. error: why a text was not taken, if one was not."""

    def __init__(self, file: FileIO, *, can_be_cut: bool) -> None:
        self._file, self._can_be_cut = file, can_be_cut
        self.error: OSError | None = None

    def write(self, text: str) -> bool:
        """Write all of ``text`` and return True, or remove what was written of it and return False."""
        content = memoryview(text.encode("utf-8", "backslashreplace"))
        start = self._file.tell() if self._can_be_cut else 0
        try:
            while content:
                content = content[self._file.write(content) :]
        except OSError as error:
            self.error = self.error or error
            if self._can_be_cut:
                self._file.truncate(start)
                self._file.seek(start)
            return False
        return True


@contextmanager
def open_output(path: Path) -> Iterator[Output]:
    """An output at ``path``; a file appears there when the block ends without an error, devices and pipes are written
    directly."""
    require_writable(path)
    if _is_special(path):
        with path.open("wb", buffering=0) as file:
            yield Output(file, can_be_cut=False)
        return
    with atomic_file(path) as partial, partial.open("wb", buffering=0) as file:
        yield Output(file, can_be_cut=True)


def _require_permission(path: Path) -> None:
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _is_special(path: Path) -> bool:
    """Whether ``path`` is a device or pipe, or a link of the system to one, which no file may replace."""
    if path.absolute().parts[1:2] in (("dev",), ("proc",)):
        return True
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def cannot_be_written(path: Path, error: OSError) -> str:
    """The message for a file that the system does not let us write."""
    shown = printable(str(path))
    return f"{shown} cannot be written ({error.strerror}). Free space, check permissions, or choose another --out."

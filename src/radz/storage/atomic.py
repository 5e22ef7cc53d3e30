"""Files and directories that appear whole or not at all, and locks between processes."""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A path to write to; when the block ends, the file is moved to ``path`` in one step, or removed on an error.

    The folder of ``path`` is made. Bytes reach the disk before the move, so a power cut leaves the old file or the new.

    >>> with atomic_file(path) as partial:  # doctest: +SKIP
    ...     partial.write_text(text, encoding="utf-8")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}-", suffix=".unfinished", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        _flush(partial)
        partial.chmod(0o666 & ~_umask())  # mkstemp's files are private
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """A fresh directory to fill; when the block ends, it takes the place of ``path``, or is removed on an error.

    An old directory at ``path`` stays readable until the new one replaces it in one step (two, where the system
    cannot exchange two names at once).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name[:100]}-", suffix=".unfinished", dir=path.parent))
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _flush(file)
        partial.chmod(0o777 & ~_umask())
        _take_place(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_unfinished(folder: Path, name: str = "", older_than_s: float = 0) -> None:
    """Remove what killed processes left of ``atomic_file`` and ``atomic_directory`` in ``folder``.

    name: of the only file or directory whose leftovers are removed. older_than_s: leave younger ones, which another
    process may still be writing. Without an age, only for a folder that no other process is writing to, such as one
    whose lock is held.
    """
    for left in folder.glob(f".{glob.escape(name[:100])}-*.unfinished" if name else ".*.unfinished"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < older_than_s:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


@contextmanager
def exclusive_lock(path: Path, timeout_s: float = -1) -> Iterator[None]:
    """One process at a time for what ``path`` names; the lock is the file ``path`` with ``.lock`` behind its name.

    timeout_s: seconds to wait, below 0 for ever. Raises filelock.Timeout.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock"), timeout=timeout_s):
        yield


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _take_place(partial: Path, path: Path) -> None:
    """Move the directory ``partial`` to ``path``; an old one there goes to ``partial``, whose owner removes it."""
    if not path.exists():
        partial.rename(path)
    elif not _exchanged(partial, path):
        old = Path(tempfile.mkdtemp(prefix=f".{path.name[:100]}-old-", dir=path.parent))
        path.replace(old)
        partial.rename(path)
        shutil.rmtree(old, ignore_errors=True)


def _exchanged(first: Path, second: Path) -> bool:
    """Whether the system could exchange two names in one step (Linux)."""
    at_fdcwd, rename_exchange = -100, 2
    with suppress(AttributeError, OSError):
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
        done: int = renameat2(at_fdcwd, os.fsencode(first), at_fdcwd, os.fsencode(second), rename_exchange)
        return done == 0
    return False

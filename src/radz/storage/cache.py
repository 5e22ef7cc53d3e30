"""The user's cache: prepared directories, and hashes of files that were read before.

It is the platform's user cache directory, or ``RADZ_CACHE``. Every file of a prepared directory is compared with the
hash that it was written with; a damaged directory is made again.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import Timeout
from platformdirs import user_cache_path

from radz.errors import CacheError
from radz.storage.atomic import atomic_directory, atomic_file, exclusive_lock
from radz.storage.hashing import content_hash, file_sha256, sealed, unsealed

CONTENTS = "contents.json"
LOCK_TIMEOUT_S = 1800
SETTLED_S = 2.0
"""A file younger than this may change again without a change of its times, so its hash is not remembered yet."""


def cache_root() -> Path:
    """``RADZ_CACHE``, or the platform's cache directory for radz."""
    given = os.environ.get("RADZ_CACHE")
    return Path(given) if given else user_cache_path("radz")


def hash_records() -> Path:
    """The folder of the cache that remembers hashes of files."""
    return cache_root() / "hashes"


def known_sha256(path: Path) -> str:
    """SHA-256 of a file, which is read only where its size, times or inode are not those of the last time.

    Hashes are kept in the cache in sealed records. Without a writable cache the file is read every time.
    """
    record = hash_records() / f"{content_hash(str(path.resolve()))}.json"
    state = _state(path)
    with suppress(OSError, ValueError):
        known = unsealed(json.loads(record.read_text(encoding="utf-8")))
        if known is not None and known["state"] == state:
            return str(known["content"])
    digest = file_sha256(path)
    if _state(path) == state and time.time_ns() - max(state["mtime_ns"], state["ctime_ns"]) > SETTLED_S * 1e9:
        with suppress(OSError), atomic_file(record) as partial:
            partial.write_text(json.dumps(sealed({"state": state, "content": digest})), encoding="utf-8")
    return digest


def prepared(name: str, make: Callable[[Path], None], needs_bytes: int) -> Path:
    """The cached directory ``name``, made by ``make(directory)`` if it is missing.

    A second process waits for the first. A directory that is incomplete or damaged is made again. Raises CacheError
    if there is no space, no permission or a lock that never frees.
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


def _state(path: Path) -> dict[str, int]:
    """What changes when a file is written to or replaced."""
    stat = path.stat()
    return {
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "ctime_ns": stat.st_ctime_ns,
        "inode": stat.st_ino,
        "device": stat.st_dev,
    }


def _is_whole(place: Path) -> bool:
    """Whether a directory still has all its files, each unchanged."""
    try:
        contents = unsealed(json.loads((place / CONTENTS).read_text(encoding="utf-8")))
        return contents is not None and all(known_sha256(place / name) == sha for name, sha in contents.items())
    except (OSError, ValueError):
        return False


def _make_whole(place: Path, make: Callable[[Path], None]) -> None:
    """Make the directory with the hash of each file, removing what a killed process left."""
    for left in place.parent.glob(f".{place.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with atomic_directory(place) as partial:
        make(partial)
        files = [path for path in sorted(partial.rglob("*")) if path.is_file()]
        contents: dict[str, Any] = {str(path.relative_to(partial)): file_sha256(path) for path in files}
        (partial / CONTENTS).write_text(json.dumps(sealed(contents), indent=2), encoding="utf-8")


def _require_space(folder: Path, needs_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needs_bytes:
        raise OSError(errno.ENOSPC, "no space left on device")

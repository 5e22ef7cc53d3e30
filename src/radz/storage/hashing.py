"""Hashes of values and files, and JSON objects that carry their own hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL = "sha256"


def content_hash(value: Any) -> str:
    """Hexadecimal SHA-256 of bytes, of text as UTF-8, or of any other value as JSON with sorted keys."""
    if isinstance(value, str):
        value = value.encode()
    elif not isinstance(value, bytes | bytearray | memoryview):
        value = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.sha256(value).hexdigest()


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with its own hash added under ``sha256``."""
    return {**content, SEAL: content_hash(dict(content))}


def unsealed(content: Any) -> dict[str, Any] | None:
    """The object without its hash; ``None`` if it has none, or another one than its content."""
    if not isinstance(content, dict):
        return None
    rest = {key: value for key, value in content.items() if key != SEAL}
    return rest if content.get(SEAL) == content_hash(rest) else None

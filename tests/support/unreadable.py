"""Contents that no reader of a file takes."""

from __future__ import annotations

from pathlib import Path

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
"""YAML of less than a kilobyte that stands for four billion values."""
CONTENTS: dict[str, bytes | None] = {
    "empty": b"",
    "a folder": None,
    "not UTF-8": b"name: caf\xe9\n",
    "a list": b"[1, 2]",
    "a list of lists": b"[[1], [2]]",
    "a number": b"12",
    "cut short": b'{"a": {"b": [1, 2',
    "aliases": BOMB.encode(),
    "a mapping of numbers": b'{"a": 1, "model": 3, "arms": 7, "base": [1], "kind": 2}',
    "deep": b"[" * 50_000,
    "NUL bytes": bytes(200),
}


def write(path: Path, content: bytes | None) -> Path:
    """Make ``path`` a file with ``content``, or a folder for ``None``."""
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    return path

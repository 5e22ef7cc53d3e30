"""How often files are opened, whoever opens them: Python's own audit events are counted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_watches: list[list[str]] = []


def _note(event, arguments):
    if event == "open" and _watches and isinstance(arguments[0], str | bytes | os.PathLike):
        for opened in _watches:
            opened.append(os.fsdecode(arguments[0]))


@cache
def _hook() -> None:
    """Once for all tests, as an audit hook cannot be removed."""
    sys.addaudithook(_note)


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Names of the files opened inside the block, in order, by any thread of this process."""
    _hook()
    opened: list[str] = []
    _watches.append(opened)
    try:
        yield opened
    finally:
        _watches.remove(opened)

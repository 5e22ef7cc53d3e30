"""Faults of a corpus: raised where they are found or, while it is checked, noted so that the next one is found too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from radz.errors import RadzError

_NOTED: ContextVar[list[RadzError] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[RadzError]]:
    """Inside, a corpus is opened as far as it can be: what ``notable`` steps find is collected in the list."""
    found: list[RadzError] = []
    token = _NOTED.set(found)
    try:
        yield found
    finally:
        _NOTED.reset(token)


@contextmanager
def notable() -> Iterator[None]:
    """A step without which a corpus can still be looked at: its error is raised, or noted where faults are noted."""
    try:
        yield
    except RadzError as error:
        noted = _NOTED.get()
        if noted is None:
            raise
        noted.append(error)

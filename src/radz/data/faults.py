"""Faults of a corpus: raised at once or, while a corpus is checked, collected so that the next one is seen too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from radz.errors import RadzError

_NOTED: ContextVar[list[RadzError] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[RadzError]]:
    """Inside, a corpus is opened as far as possible: the errors of ``notable`` steps are collected in the list."""
    errors: list[RadzError] = []
    token = _NOTED.set(errors)
    try:
        yield errors
    finally:
        _NOTED.reset(token)


@contextmanager
def notable() -> Iterator[None]:
    """A step that opening a corpus can do without: its error is raised, or collected where faults are noted."""
    try:
        yield
    except RadzError as error:
        errors = _NOTED.get()
        if errors is None:
            raise
        errors.append(error)

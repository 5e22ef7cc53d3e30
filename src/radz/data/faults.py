"""Faults of a corpus: raised at once or, while a corpus is checked, collected so that the next one is seen too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from radz.errors import RadzError

_NOTED: ContextVar[list[RadzError] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[RadzError]]:
    """Within the block a corpus is opened as far as possible; errors of ``notable`` steps are added to the list."""
    errors: list[RadzError] = []
    token = _NOTED.set(errors)
    try:
        yield errors
    finally:
        _NOTED.reset(token)


@contextmanager
def notable() -> Iterator[None]:
    """An optional step of opening a corpus; its error is raised or, while faults are collected, noted."""
    try:
        yield
    except RadzError as error:
        errors = _NOTED.get()
        if errors is None:
            raise
        errors.append(error)

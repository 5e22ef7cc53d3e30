"""How a use case reports progress; silent unless a caller draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""(what is done, number of studies) -> a block whose value is called with the number just done."""


@contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Report nothing."""
    yield lambda count: None

"""Returns memory that is free but still held by the process.

Batches differ in length, so the blocks that one step frees seldom fit the next. glibc keeps their pages, and on the CPU
a process grows from step to step while its tensors do not.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

EVERY = 2
"""Steps between two trims. Pages that are taken again must be cleared again, which takes a small part of a step."""


def trim_heap() -> None:
    """Return unused pages to the system; does nothing where the C library is not glibc."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)

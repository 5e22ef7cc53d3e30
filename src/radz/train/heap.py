"""Memory that is free and that the process still holds.

Batches differ in length, so the pieces that one step frees seldom fit the next. glibc keeps their pages, and on the CPU
a process grows from step to step while its tensors do not.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

EVERY = 2
"""Steps from one return to the next. Pages that are taken again have to be cleared again, a small part of a step."""


def trim_heap() -> None:
    """Return the pages that nothing uses to the system; does nothing where the C library is not glibc."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)

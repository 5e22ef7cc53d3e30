"""Comparing names: case, underscores and hyphens do not matter; a name counts as mentioned only as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def fold(name: str) -> str:
    """The name in lower case, with underscores, hyphens and runs of white space as one space."""
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether folded ``text`` contains any of the folded ``names`` as whole words."""
    return any(name in text and _whole_word(name).search(text) is not None for name in names)


@lru_cache(16_384)  # re caches 512 expressions, and there are more names than that
def _whole_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b")

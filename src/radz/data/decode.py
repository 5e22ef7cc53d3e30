"""Decode studies of a corpus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from radz.types import Pixels

T = TypeVar("T")


def decode_study(_decoder: Any, corpus: Any, index: int, make: Callable[[Pixels], T]) -> T | None:
    """``make`` of the pixels (1, H, W) of a study; ``None`` without an image. Raises ImageError as reading does."""
    pixels = corpus[index].pixels
    return None if pixels is None else make(pixels)


def reads_files_unchanged(corpus: Any) -> bool:
    """Whether the corpus's pixels are what ``read_image`` gives, inverted where the corpus says so."""
    return bool(getattr(corpus, "reads_files_unchanged", False))

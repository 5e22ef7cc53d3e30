"""Where readers saw a finding: boxes, and masks stored as run lengths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.errors import CorpusError

_BAD_BOX = "a box must be four numbers."


@dataclass(frozen=True, slots=True)
class Box:
    """Where a reader saw a finding, in pixels of the published image: left, top, width, height.

    reader: who saw it, where the corpus says so.
    """

    concept: str
    x: float
    y: float
    width: float
    height: float
    reader: str = ""


def numbers(cells: Sequence[object]) -> tuple[float, float, float, float]:
    """Four cells of a table as finite numbers. Raises CorpusError if one is not."""
    try:
        first, second, third, fourth = (float(str(cell)) for cell in cells)
    except ValueError:
        raise CorpusError(_BAD_BOX) from None
    if not np.isfinite((first, second, third, fourth)).all():
        raise CorpusError(_BAD_BOX)
    return first, second, third, fourth


def by_study(boxes: Iterable[tuple[str, Box]]) -> Mapping[str, tuple[Box, ...]]:
    """(study id, box) -> study id -> its boxes, in order."""
    boxes_of: dict[str, tuple[Box, ...]] = {}
    for study_id, box in boxes:
        boxes_of[study_id] = (*boxes_of.get(study_id, ()), box)
    return boxes_of


def read_runs(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """Relative run lengths -> mask (h, w), h being ``height`` and w ``width``.

    text: pairs of numbers, the pixels to skip after the previous run and the pixels to mark. Pixels are counted down
    the columns, from the left. This is the encoding of SIIM-ACR; most challenges count each start from the first pixel.
    Raises CorpusError if ``text`` is not such a list or a run leaves the image.
    """
    try:
        numbers = np.array(text.split(), np.int64)
    except ValueError:
        raise CorpusError("a mask must be a list of whole numbers.") from None
    if len(numbers) % 2 or (numbers < 0).any():
        raise CorpusError("a mask must be pairs of numbers: pixels to skip, pixels to mark.")
    if numbers.sum() > height * width:
        raise CorpusError(
            f"a mask marks pixel {numbers.sum():,} of an image of {height} x {width}. Download the table again."
        )
    marked = np.arange(len(numbers) + 1) % 2 == 1  # out, in, out, ... and what is left after the last run
    mask = np.repeat(marked, [*numbers, height * width - numbers.sum()])
    return mask.reshape(width, height).T


def write_runs(mask: NDArray[np.bool_]) -> str:
    """Mask (h, w) -> relative run lengths, the inverse of ``read_runs``."""
    flat = np.concatenate([[False], mask.T.ravel(), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return " ".join(map(str, np.diff(edges, prepend=0)))

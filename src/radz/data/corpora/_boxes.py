"""Where readers saw a finding: boxes, and masks kept as runs of pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.errors import CorpusError


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
    """Four cells of a table as numbers. Raises CorpusError where one is none."""
    try:
        first, second, third, fourth = (float(str(cell)) for cell in cells)
    except ValueError:
        raise CorpusError("a box is not given by four numbers.") from None
    return first, second, third, fourth


def by_study(boxes: Iterable[tuple[str, Box]]) -> Mapping[str, tuple[Box, ...]]:
    """(study id, box) -> study id -> its boxes, in order."""
    found: dict[str, tuple[Box, ...]] = {}
    for study_id, box in boxes:
        found[study_id] = (*found.get(study_id, ()), box)
    return found


def read_runs(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """Relative run lengths -> mask (height, width).

    ``text`` is pairs of numbers: how many pixels to leave out after the end of the run before, and how many to mark.
    Pixels are counted down the columns, from the left. This is the coding of SIIM-ACR; that of most challenges counts
    each start from the first pixel.

    Raises CorpusError where it is no such list or leaves the image.
    """
    try:
        numbers = np.array(text.split(), np.int64)
    except ValueError:
        raise CorpusError("a mask is no list of whole numbers.") from None
    if len(numbers) % 2 or (numbers < 0).any():
        raise CorpusError("a mask is no list of pairs: pixels to leave out, pixels to mark.")
    if numbers.sum() > height * width:
        raise CorpusError(f"a mask marks pixel {numbers.sum():,} of an image of {height} x {width}.")
    marked = np.arange(len(numbers) + 1) % 2 == 1  # out, in, out, ... and what is left after the last run
    mask = np.repeat(marked, [*numbers, height * width - numbers.sum()])
    return mask.reshape(width, height).T


def write_runs(mask: NDArray[np.bool_]) -> str:
    """The inverse of ``read_runs``."""
    flat = np.concatenate([[False], mask.T.ravel(), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return " ".join(map(str, np.diff(edges, prepend=0)))

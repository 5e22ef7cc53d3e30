"""From words of the Pixel Data to values, and which pixels are padding.

pydicom cuts a word to BitsStored and ignores the other bits. Here a value that does not start at bit 0 is shifted down,
and values that need more bits than declared are refused, because their true range is unknown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.errors import ImageError
from radz.imaging.dicom_elements import Elements, named
from radz.imaging.dicom_header import Layout


def stored_values(
    words: NDArray[Any], layout: Layout, elements: Elements, *, compressed: bool
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Words (H, W) -> values (H, W), and which of them are padding, (H, W).

    Raises ImageError if values need more bits than BitsStored, or lie elsewhere than HighBit says.
    """
    ends = _padding_range(words.dtype, elements)
    padding = _between(words, ends)
    measured = words[~padding] if padding.any() else words.ravel()
    shift = _shift(measured, layout, compressed=compressed)
    _require_fitting(measured, layout, shift, elements)
    values = _extracted(words, layout.stored, shift)
    return values, padding | _between(values, ends)  # writers give the value or the whole word


def _shift(words: NDArray[Any], layout: Layout, *, compressed: bool) -> int:
    """Bits below the value in each word (N,); decoders of compressed data leave none where values fit."""
    shift = layout.high + 1 - layout.stored
    if not shift or not words.size:
        return shift
    fits = not (_unsigned(words) >> layout.stored).any()
    if compressed and fits:
        return 0
    below = _unsigned(words) & ((1 << shift) - 1)
    if fits and below.any():
        raise ImageError(
            f"{named('HighBit')} is {layout.high}, but the values use the lowest {layout.stored} bits. Correct the "
            "element, or export the image again."
        )
    return shift


def _require_fitting(words: NDArray[Any], layout: Layout, shift: int, elements: Elements) -> None:
    """Raise ImageError if words (N,) use the bit next above the value; bits farther up hold overlays."""
    end = layout.stored + shift
    if end == layout.allocated:
        return
    above = _unsigned(words) >> end
    if layout.signed:
        negative = (_unsigned(words) >> (end - 1)) & 1 == 1
        sign = (1 << (layout.allocated - end)) - 1
        above = above[~(negative & (above == sign))]  # the sign repeated in the unused bits
    declared = sum(1 << (bit - end) for bit in layout.overlay if end <= bit < layout.allocated)
    above = above & above.dtype.type((1 << (layout.allocated - end)) - 1 - declared)
    if (above & 1).any():
        raise ImageError(
            f"values need more bits than {named('BitsStored')}, {layout.stored}; their size is unknown. Correct the "
            "element, or export the image again."
        )
    if above.any():
        elements.note(f"bits above {named('BitsStored')}, {layout.stored}, were ignored")


def _extracted(words: NDArray[Any], stored: int, shift: int) -> NDArray[Any]:
    """Words (H, W) -> values (H, W) of ``stored`` bits that start at bit ``shift``; signed words give signed values."""
    unused = words.dtype.itemsize * 8 - stored
    if not unused:
        return words
    values: NDArray[Any] = np.right_shift(np.left_shift(words, unused - shift), unused)
    return values


def _padding_range(dtype: np.dtype[Any], elements: Elements) -> tuple[int, int] | None:
    """Lowest and highest word that is padding, or ``None``; a value that no word can have is noted."""
    value = elements.number("PixelPaddingValue")
    if value is None:
        return None
    start = _as_word(int(value), dtype)
    if start is None:
        elements.ignore("PixelPaddingValue", f"{value:g}, which no pixel can have,")
        return None
    limit = elements.number("PixelPaddingRangeLimit")
    if limit is None:
        return start, start
    end = _as_word(int(limit), dtype)
    if end is None:
        elements.ignore("PixelPaddingRangeLimit", f"{limit:g}, which no pixel can have,")
        return start, start
    return min(start, end), max(start, end)


def _as_word(value: int, dtype: np.dtype[Any]) -> int | None:
    """The value as a word: writers store -2000 as the unsigned 63536, and the reverse."""
    info = np.iinfo(dtype)
    candidates = (value, value - (1 << 16), value + (1 << 16))
    return next((word for word in candidates if info.min <= word <= info.max), None)


def _between(values: NDArray[Any], ends: tuple[int, int] | None) -> NDArray[np.bool_]:
    """Which values (H, W) lie between the ends; none without ends."""
    if ends is None:
        return np.zeros(values.shape, np.bool_)
    return np.asarray((values >= ends[0]) & (values <= ends[1]))


def _unsigned(words: NDArray[Any]) -> NDArray[Any]:
    """Words (N,) or (H, W) -> the same bits as unsigned integers."""
    return words.view(np.uint8 if words.dtype.itemsize == 1 else np.uint16)

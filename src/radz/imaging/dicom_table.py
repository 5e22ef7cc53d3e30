"""Lookup tables of DICOM: modality, VOI and palette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.errors import ImageError
from radz.imaging.dicom_elements import Elements, named

COLOURS = ("Red", "Green", "Blue")
_WRAP = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """first: input value of the first entry. entries: (N,) uint16. bits: declared bits of an entry."""

    first: int
    entries: NDArray[np.uint16]
    bits: int

    def lookup(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Values (H, W) -> their entries (H, W); values beyond an end of the table get the entry at that end."""
        index = np.rint(values).astype(np.int64) - self._start(float(values.min()), float(values.max()))
        looked_up: NDArray[np.uint16] = np.take(self.entries, index, mode="clip")
        return looked_up

    def _start(self, low: float, high: float) -> int:
        """``first``, or its other reading (63488 for -2048) if only that one makes the table meet the values."""
        for start in (self.first, self.first - _WRAP, self.first + _WRAP):
            if start <= high and start + len(self.entries) > low:
                return start
        return self.first


def first_table(elements: Elements, sequence: str) -> Table | None:
    """The first usable table of a sequence of lookup tables, or ``None``; others are noted.

    Raises ImageError for a table that is shorter than it declares.
    """
    tables = (read_table(item, "LUTDescriptor", "LUTData") for item in elements.items(sequence))
    return next((table for table in tables if table is not None), None)


def read_table(elements: Elements, descriptor: str, data: str) -> Table | None:
    """The table of two elements, or ``None`` if one is absent or malformed (noted)."""
    numbers, content = elements.numbers(descriptor), elements.data(data)
    if len(numbers) != 3 or not content:
        elements.ignore(data if len(numbers) == 3 else descriptor, "malformed")
        return None
    count, bits = int(numbers[0]) % _WRAP or _WRAP, int(numbers[2])
    return Table(int(numbers[1]), _entries(content, count, bits, elements, data), bits)


def _entries(content: bytes, count: int, bits: int, elements: Elements, keyword: str) -> NDArray[np.uint16]:
    """Entries (count,) of 16 bits, or of 8 bits if so declared and packed."""
    if len(content) >= 2 * count:
        return np.frombuffer(content, elements.byte_order + "u2")[:count].astype(np.uint16)
    if bits <= 8 and len(content) >= count:
        return np.frombuffer(content, np.uint8)[:count].astype(np.uint16)
    raise ImageError(
        f"the lookup table {named(keyword)} is shorter than declared: {count:,} entries of {bits} bits in "
        f"{len(content):,} bytes. Export the image again."
    )


def read_palette(elements: Elements) -> Sequence[Table]:
    """Tables of red, green and blue. Raises ImageError if one is absent, malformed or segmented."""
    tables = [
        read_table(elements, f"{colour}PaletteColorLookupTableDescriptor", f"{colour}PaletteColorLookupTableData")
        for colour in COLOURS
    ]
    whole = [table for table in tables if table is not None]
    if len(whole) < len(tables):
        raise ImageError(
            "PALETTE COLOR, but the palette is incomplete or segmented, which radz does not read. Convert the image to "
            "MONOCHROME2."
        )
    return whole

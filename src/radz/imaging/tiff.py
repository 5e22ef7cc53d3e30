"""The first directory of a TIFF or of EXIF data, looked at before Pillow copies every value that it declares.

Entries may overlap: ten thousand of them that each declare the whole of a file of one megabyte are ten gigabytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from radz.errors import ImageError

MAX_DECLARED = 64 << 20
"""Most bytes that the values of a directory may declare beyond the size of the data that hold them."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Type of a value -> bytes."""
_BIG = 43


@dataclass(frozen=True, slots=True)
class Directory:
    """declared: bytes of all values. following: offset of the next directory, 0 for none."""

    declared: int
    following: int


def read_directory(data: bytes) -> Directory:
    """The first directory. Raises ImageError if it lies beyond the data."""
    order = ">" if data.startswith(b"MM") else "<"
    try:
        if struct.unpack_from(f"{order}H", data, 2)[0] == _BIG:
            return _directory(data, struct.unpack_from(f"{order}Q", data, 8)[0], f"{order}Q", f"{order}HHQ8x")
        return _directory(data, struct.unpack_from(f"{order}I", data, 4)[0], f"{order}H", f"{order}HHI4x")
    except struct.error:
        raise ImageError("the TIFF or EXIF data are damaged, truncated in their directory. Export it again.") from None


def require_bounded(data: bytes) -> Directory:
    """The first directory. Raises ImageError if its values declare far more bytes than ``data`` has."""
    directory = read_directory(data)
    if directory.declared > len(data) + MAX_DECLARED:
        raise ImageError(
            f"the fields of its TIFF or EXIF data declare {directory.declared:,} bytes, the limit is "
            f"{len(data) + MAX_DECLARED:,}. Save the image again without metadata."
        )
    return directory


def _directory(data: bytes, at: int, count_format: str, entry_format: str) -> Directory:
    (count,) = struct.unpack_from(count_format, data, at)
    start, size = at + struct.calcsize(count_format), struct.calcsize(entry_format)
    if start + count * size > len(data):
        raise struct.error
    entries = struct.iter_unpack(entry_format, data[start : start + count * size])
    declared = sum(_SIZES.get(kind, 1) * number for _, kind, number in entries)
    offset = count_format[0] + ("Q" if size == 20 else "I")
    end = start + count * size
    following = struct.unpack_from(offset, data, end)[0] if end + struct.calcsize(offset) <= len(data) else 0
    return Directory(declared, following if following < len(data) else 0)

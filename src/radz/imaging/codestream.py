"""Size of a compressed DICOM frame as its own codestream declares it, read before anything is decoded."""

from __future__ import annotations

import struct

from pydicom.encaps import generate_frames

from radz.errors import ImageError

_JPEG2000_SIZE = b"\xff\x4f\xff\x51"
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}


def require_stream_size(pixel_data: bytes, rows: int, columns: int) -> None:
    """Raise ImageError where the codestream declares another size than the header.

    Limits are checked against the header, but the decoder allocates what the codestream declares.
    """
    size = stream_size(next(generate_frames(pixel_data, number_of_frames=1), b""))
    if size not in (None, (rows, columns)):
        raise ImageError(
            f"the header declares {rows} x {columns} pixels, the compressed data {size}. Export the image again."
        )


def stream_size(frame: bytes) -> tuple[int, int] | None:
    """(rows, columns) of a JPEG, JPEG-LS or JPEG 2000 stream; None for others, RLE among them."""
    at = frame.find(_JPEG2000_SIZE, 0, 4096)
    if at >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", frame, at + 8)
        return bottom - top, right - left
    return _jpeg_size(frame) if frame.startswith(b"\xff\xd8") else None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(frame):
        marker, length = frame[at + 1], struct.unpack_from(">H", frame, at + 2)[0]
        if frame[at] != 0xFF:
            return None
        if marker in _JPEG_FRAMES:
            rows, columns = struct.unpack_from(">2H", frame, at + 5)
            return rows, columns
        at += 1 if marker == 0xFF else 2 + length
    return None

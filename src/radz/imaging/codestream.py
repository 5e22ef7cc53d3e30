"""What a compressed DICOM frame declares of itself, read before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom.encaps import generate_frames

from radz.errors import ImageError

JPEG = b"\xff\xd8"
"""First bytes of a JPEG or JPEG-LS stream."""
_JPEG2000_SIZE = b"\xff\x4f\xff\x51"
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}


@dataclass(frozen=True, slots=True)
class Stream:
    """Size in pixels and bits of a value that a codestream declares."""

    rows: int
    columns: int
    precision: int


def single_frame(pixel_data: bytes) -> bytes:
    """The one frame of encapsulated Pixel Data. Raises ImageError if there is none."""
    try:
        frame = next(generate_frames(pixel_data, number_of_frames=1), b"")
    except ValueError as error:
        raise ImageError(
            f"the fragments of the Pixel Data are damaged, truncated or corrupt ({error}). Export the image again."
        ) from None
    if not frame:
        raise ImageError("the compressed Pixel Data (7FE0,0010) hold no frame. Export the image again.")
    return frame


def require_stream_size(stream: Stream | None, rows: int, columns: int) -> None:
    """Raise ImageError if the codestream declares another size than the header.

    Limits are checked against the header, but the decoder allocates what the codestream declares.
    """
    if stream is not None and (stream.rows, stream.columns) != (rows, columns):
        raise ImageError(
            f"the header declares {rows} x {columns} pixels, the compressed data {stream.rows} x {stream.columns}. "
            "Export the image again."
        )


def read_stream(frame: bytes) -> Stream | None:
    """What a JPEG, JPEG-LS or JPEG 2000 stream declares; None for others, RLE among them."""
    at = frame.find(_JPEG2000_SIZE, 0, 4096)
    if at >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", frame, at + 8)
        (depth,) = struct.unpack_from(">B", frame, at + 42)
        return Stream(bottom - top, right - left, (depth & 0x7F) + 1)
    return _read_jpeg(frame) if frame.startswith(JPEG) else None


def _read_jpeg(frame: bytes) -> Stream | None:
    at = 2
    while at + 9 <= len(frame):
        marker, length = frame[at + 1], struct.unpack_from(">H", frame, at + 2)[0]
        if frame[at] != 0xFF:
            return None
        if marker in _JPEG_FRAMES:
            precision, rows, columns = struct.unpack_from(">B2H", frame, at + 4)
            return Stream(rows, columns, precision)
        at += 1 if marker == 0xFF else 2 + length
    return None

"""What compressed frames declare of themselves."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom.encaps import encapsulate

from radz.errors import ImageError
from radz.imaging.codestream import Stream, read_stream, require_stream_size, single_frame


def jpeg(**options):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((24, 40), np.uint8)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"\xff\xc0 is no frame here"}])
def test_jpeg(options):
    assert read_stream(jpeg(**options)) == Stream(24, 40, 8)


def test_jpeg_2000_counts_from_its_offset():
    size = struct.pack(">HH8IH", 41, 0, 45, 27, 5, 3, 45, 27, 0, 0, 1) + bytes([11, 1, 1])
    assert read_stream(b"\xff\x4f\xff\x51" + size) == Stream(24, 40, 12)


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8", b"RLE", b"\xff\xd8" + bytes(9), jpeg()[:80]], ids=len)
def test_others_declare_nothing(frame):
    assert read_stream(frame) is None


def test_another_size_than_the_header_declares_is_refused():
    require_stream_size(None, 24, 40)
    require_stream_size(Stream(24, 40, 8), 24, 40)
    with pytest.raises(ImageError, match="the header declares 24 x 41 pixels, the compressed data 24 x 40"):
        require_stream_size(Stream(24, 40, 8), 24, 41)


def test_fragments_are_one_frame():
    assert single_frame(encapsulate([b"abcd"], fragments_per_frame=2)) == b"abcd"
    with pytest.raises(ImageError, match=r"compressed Pixel Data \(7FE0,0010\) hold no frame"):
        single_frame(b"\xfe\xff\x00\xe0\x00\x00\x00\x00")

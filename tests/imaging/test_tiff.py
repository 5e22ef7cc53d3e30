"""Directories of TIFF and EXIF data, and fields that declare more than any file holds."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from radz.errors import ImageError
from radz.imaging.read import read_image
from radz.imaging.tiff import Directory, read_directory, require_bounded


def directory(entries, order="<", big=False, following=0):
    """A TIFF of one directory of (tag, type, count, offset)."""
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, 16) + struct.pack(f"{order}Q", len(entries))
        body = b"".join(struct.pack(f"{order}HHQQ", *entry) for entry in entries)
        return head + body + struct.pack(f"{order}Q", following)
    head = mark + struct.pack(f"{order}HI", 42, 8) + struct.pack(f"{order}H", len(entries))
    body = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    return head + body + struct.pack(f"{order}I", following)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_declared_bytes_and_the_next_directory(order, big):
    entries = [(256, 4, 1, 8), (258, 3, 4, 8), (270, 2, 100, 8)]
    assert read_directory(directory(entries, order, big)) == Directory(4 + 8 + 100, 0)
    assert read_directory(directory(entries, order, big, following=20)).following == 20
    assert read_directory(directory(entries, order, big, following=1 << 20)).following == 0, "beyond the data"


def test_a_directory_beyond_the_data_is_refused():
    for data in (b"II*\0", directory([(256, 4, 1, 8)])[:14], b"MM\0*\x7f\xff\xff\xff"):
        with pytest.raises(ImageError, match="TIFF or EXIF data are damaged, truncated in their directory"):
            read_directory(data)


BOMB = directory([(1000 + i, 7, 1 << 30, 0) for i in range(50)])
REASON = r"the fields of its TIFF or EXIF data declare 53,687,091,200 bytes, the limit is"


def test_fields_that_declare_too_much_are_refused(tmp_path):
    with pytest.raises(ImageError, match=REASON):
        require_bounded(BOMB)
    (tmp_path / "a.tif").write_bytes(BOMB)
    with pytest.raises(ImageError, match=REASON):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_so_are_those_of_exif_data(tmp_path, suffix):
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    image.save(tmp_path / f"a.{suffix}", exif=b"Exif\0\0" + BOMB)
    with pytest.raises(ImageError, match=REASON):
        read_image(tmp_path / f"a.{suffix}")


def test_sound_files_of_pillow_are_bounded():
    for options in ({}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        buffer = io.BytesIO()
        Image.fromarray(np.zeros((300, 200), np.uint8)).save(buffer, "TIFF", **options)
        assert require_bounded(buffer.getvalue()).following == 0

"""The form of shards: values that come back, and a table that says where they are."""

from __future__ import annotations

import io
import zlib

import fsspec
import numpy as np
import pytest

from radz.data.shards import (
    TABLE,
    Place,
    decode,
    encode,
    index_is_torn,
    open_place,
    read_index,
    table_row,
    whole_url,
    write_index,
)
from radz.errors import CorpusError
from radz.types import Presence, Study

ERROR = 1 / 131070


def test_values_come_back_exactly_or_to_the_promised_error():
    exact = (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(1, 16, 16)
    assert encode(exact).dtype == np.uint8
    np.testing.assert_array_equal(decode(encode(exact)), exact)
    fine = np.random.default_rng(0).random((1, 50, 40), dtype=np.float32)
    assert encode(fine).dtype == np.uint16
    assert np.abs(decode(encode(fine)).astype(float) - fine).max() <= ERROR + 2**-24  # float32's own rounding
    assert {float(decode(encode(np.full((1, 2, 2), v, np.float32)))[0, 0, 0]) for v in (0, 1)} == {0.0, 1.0}


def test_values_are_stored_row_after_row_whatever_the_order_in_memory():
    pixels = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(1, 2, 3) / np.float32(255))
    assert encode(pixels).tobytes() == bytes(range(6))


def test_the_table_gives_back_studies_and_places(tmp_path):
    study = Study("a", "p", None, "Größer.", {"mass": Presence.UNCERTAIN}, {"view": "PA"}, "train")
    bare = Study("b", "q")
    place = Place(3, 512, "|u1", (4, 5), crc32=7)
    with (tmp_path / TABLE).open("wb") as file:
        write_index(file, [table_row(study, place), table_row(bare, None)], {"version": 1, "origin": "x"})
    studies, places, about = read_index(fsspec.filesystem("file"), str(tmp_path))
    assert studies == [study, bare]
    assert places == [place, None]
    assert place.length == 20
    assert about == {"version": 1, "origin": "x"}


def test_bytes_of_another_length_or_checksum_are_not_the_image():
    values = bytes(range(6))
    place = Place(0, 0, "|u1", (2, 3), zlib.crc32(values))
    assert place.fault_of(values) is None
    assert place.fault_of(values[:-1]) == "ends before the image does"
    assert place.fault_of(values[:-1] + b"x") == "the bytes of the image are damaged"
    assert Place(0, 0, "|u1", (2, 3)).fault_of(b"xxxxxx") is None  # of radz 0.1, without a checksum


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_flipped_bit_among_the_cells_of_the_table_is_found(tmp_path, share):
    rows = [table_row(Study(f"study-{i}", f"patient-{i * i}", report="Clear."), None) for i in range(200)]
    whole = io.BytesIO()
    write_index(whole, rows, {"version": 1})
    content = bytearray(whole.getvalue())
    content[int(share * len(content))] ^= 4
    (tmp_path / TABLE).write_bytes(content)
    with pytest.raises(CorpusError, match=r"studies.parquet: is damaged"):
        read_index(*open_place(str(tmp_path)))


def test_a_table_that_is_missing_damaged_or_newer_is_refused(tmp_path):
    fs, path = open_place(str(tmp_path))
    with pytest.raises(CorpusError, match=r"holds no studies.parquet. Give the folder or URL"):
        read_index(fs, path)
    whole = io.BytesIO()
    write_index(whole, [table_row(Study("a", "p"), None)], {"version": 2})
    (tmp_path / TABLE).write_bytes(whole.getvalue())
    with pytest.raises(CorpusError, match=r"shards of version 2, this radz reads 1"):
        read_index(fs, path)
    assert not index_is_torn(fs, path)
    (tmp_path / TABLE).write_bytes(whole.getvalue()[:-4])
    with pytest.raises(CorpusError, match=r"studies.parquet: is damaged .*Convert the corpus again"):
        read_index(fs, path)
    assert index_is_torn(fs, path)


def test_a_url_that_went_through_path_is_whole_again():
    assert whole_url("s3:/bucket/x") == whole_url("s3://bucket/x") == "s3://bucket/x"
    assert whole_url("simplecache::s3:/bucket") == "simplecache::s3://bucket"
    assert whole_url("C:/images") == "C:/images"


def test_a_place_of_an_unknown_kind_is_refused():
    with pytest.raises(CorpusError, match="this kind of place cannot be opened"):
        open_place("nonsense://x")

"""Lookup tables: their start, width and length as files hold them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom import Dataset

from dicom_fakes import EXACT, RAMP, film, put, table
from radz.errors import ImageError

SIGNED = ((RAMP.astype(np.int16) - 128) * 16).astype(np.int16)


def test_eight_bit_table_of_many_entries_does_not_wrap_round(read):
    ds = film(VOILUTSequence=table(np.arange(4096) // 16, bits=8))
    np.testing.assert_allclose(read(ds), EXACT, atol=1e-6)


def test_a_table_of_packed_bytes(read):
    item = Dataset()
    item.LUTDescriptor = [256, 0, 8]
    put(item, "LUTData", bytes(range(255, -1, -1)), "OW")
    np.testing.assert_allclose(read(film(RAMP, VOILUTSequence=[item])), 1 - EXACT, atol=1e-6)


def test_table_starts_at_its_first_value_and_clips(read):
    ds = film(RAMP, VOILUTSequence=table(np.arange(100), first=50))
    np.testing.assert_allclose(read(ds), np.clip((RAMP - 50.0) / 99, 0, 1), atol=1e-6)


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
def test_a_negative_start_may_be_written_unsigned(read, sequence):
    plane = read(film(SIGNED, **{sequence: table(np.arange(4081), first=-2048)}))
    np.testing.assert_allclose(plane, EXACT, atol=1e-6)


def test_a_high_start_of_unsigned_values_stays_high(read):
    stored = RAMP + np.uint16(60_000)
    plane = read(film(stored, BitsStored=16, VOILUTSequence=table(np.arange(256), first=60_000)))
    np.testing.assert_allclose(plane, EXACT, atol=1e-6)


def test_zero_entries_are_65536(read):
    plane = read(film(RAMP * 257, BitsStored=16, VOILUTSequence=table(np.arange(65_536), count=65_536)))
    np.testing.assert_allclose(plane, EXACT, atol=1e-6)


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize(("entries", "bits"), [(2000, 12), (5, 16), (2000, 16)])
def test_a_table_shorter_than_declared_is_refused(load, sequence, entries, bits):
    """Entries of 16 bits that fill less than half of it look like bytes, which they are not."""
    with pytest.raises(ImageError, match=rf"LUTData \(0028,3006\) is shorter than declared: 4,096 entries of {bits}"):
        load(film(**{sequence: table(np.arange(entries), count=4096, bits=bits)}))


def test_a_table_without_data_is_noted_and_the_next_one_is_taken(load):
    item = Dataset()
    item.LUTDescriptor = [256, 0, 16]
    image = load(film(RAMP, VOILUTSequence=[item, *table(np.arange(256)[::-1])]))
    np.testing.assert_allclose(image[0], 1 - EXACT, atol=1e-6)
    assert image.notes == ("LUTData (0028,3006) is malformed and was ignored",)

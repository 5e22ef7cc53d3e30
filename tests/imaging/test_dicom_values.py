"""Bits of a word: which are the value, which an overlay, and which words are padding."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from dicom_fakes import EXACT, RAMP, film
from radz.errors import ImageError

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "LINEAR_EXACT"}
SIGNED_WINDOW = WINDOW | {"RescaleSlope": 1, "RescaleIntercept": 2048}
WINDOWED = np.clip((RAMP * 16.0 - 2048) / 4096 + 0.5, 0, 1)
SIGNED = ((RAMP.astype(np.int16) - 128) * 16).astype(np.int16)


def close(plane, expected=WINDOWED):
    np.testing.assert_allclose(plane, expected, atol=1e-6)


# ---- where the value lies


def test_a_value_in_the_highest_bits_is_shifted_down(read):
    close(read(film(RAMP * 256 + np.uint16(3), HighBit=15, **WINDOW)))  # bits 0 and 1 hold an overlay


def test_a_high_bit_that_cannot_be_is_ignored(load):
    image = load(film(HighBit=20, **WINDOW))
    close(image[0])
    assert image.notes == ("HighBit (0028,0102) is 20, impossible with 12 of 16 bits, and was ignored",)


def test_a_high_bit_that_the_values_contradict_is_refused(load):
    with pytest.raises(ImageError, match=r"HighBit \(0028,0102\) is 15, but the values use the lowest 12 bits"):
        load(film(RAMP * 16 + np.uint16(5), HighBit=15, **WINDOW))


# ---- bits above the value


def test_values_above_the_stored_bits_are_overlay_and_ignored(load):
    image = load(film(RAMP * 16 + np.uint16(1 << 15)))
    close(image[0], EXACT)
    assert image.notes == ("bits above BitsStored (0028,0101), 12, were ignored",)


def test_a_declared_overlay_may_lie_next_to_the_value(load):
    ds = film(RAMP * 16 + (RAMP % 2) * np.uint16(1 << 12), **WINDOW)
    ds.add_new(0x60000102, "US", 12)
    image = load(ds)
    close(image[0])
    assert image.notes == ()


@pytest.mark.parametrize("stored", [RAMP * 20, (SIGNED * 2).astype(np.int16)], ids=["unsigned", "signed"])
def test_values_that_need_more_bits_are_refused(load, stored):
    with pytest.raises(ImageError, match=r"values need more bits than BitsStored \(0028,0101\), 12"):
        load(film(stored))


def test_negative_values_with_and_without_their_sign_in_the_unused_bits(read):
    close(read(film(SIGNED, **SIGNED_WINDOW)))
    close(read(film((SIGNED & 0x0FFF).astype(np.int16), **SIGNED_WINDOW)))


# ---- padding


@pytest.mark.parametrize("polarity", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_dark_and_not_part_of_the_range(read, polarity):
    stored = RAMP + np.uint16(1000)
    stored[:4] = 0
    stored[4:6] = 5
    pixels = read(film(stored, PhotometricInterpretation=polarity, PixelPaddingValue=0, PixelPaddingRangeLimit=9))
    rest = (RAMP[6:] - 96) / np.float32(159)
    assert (pixels[:6] == 0).all()
    close(pixels[6:], rest if polarity == "MONOCHROME2" else 1 - rest)


@pytest.mark.parametrize("padding", [np.uint16(63536), np.int16(-2000)])
def test_padding_is_compared_with_the_whole_word(read, padding):
    """63536 has no place in 12 bits; cut to them it would be 2096, a value of the image."""
    stored = RAMP * 16
    stored[:2] = 63536
    plane = read(film(stored, raw={"PixelPaddingValue": padding.tobytes()}, **WINDOW))
    assert not plane[:2].any()
    close(plane[2:], WINDOWED[2:])


def test_padding_of_signed_words_may_be_written_unsigned(read):
    stored = SIGNED.copy()
    stored[:2] = -2000
    plane = read(film(stored, raw={"PixelPaddingValue": np.uint16(63536).tobytes()}, **SIGNED_WINDOW))
    assert not plane[:2].any()
    close(plane[2:], WINDOWED[2:])


def test_padding_that_no_pixel_can_have_is_ignored(load):
    image = load(film(RAMP.astype(np.uint8), raw={"PixelPaddingValue": b"\xff\xff"}))
    close(image[0], EXACT)
    assert image.notes == ("PixelPaddingValue (0028,0120) is 65535, which no pixel can have, and was ignored",)
    limit = {"PixelPaddingValue": b"\xff\0", "PixelPaddingRangeLimit": b"\xff\xff"}
    image = load(film(RAMP.astype(np.uint8), raw=limit))
    assert image[0][-1, -1] == 0
    close(image[0].ravel()[:-1], np.arange(255) / 254)
    assert image.notes == ("PixelPaddingRangeLimit (0028,0121) is 65535, which no pixel can have, and was ignored",)

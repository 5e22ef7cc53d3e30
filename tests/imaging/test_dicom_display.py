"""From stored values to what is shown: rescale, tables and windows, with the values that DICOM's formulas give."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom import Dataset

from dicom_fakes import EXACT, RAMP, film, table

EXACT_WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "LINEAR_EXACT"}
WINDOWED = np.clip((RAMP * 16.0 - 2048) / 4096 + 0.5, 0, 1)


def test_without_window_smallest_to_largest(read):
    np.testing.assert_allclose(read(film()), EXACT, atol=1e-6)
    np.testing.assert_allclose(read(film(RAMP.astype(np.uint8))), EXACT, atol=1e-6)


# ---- rescale


def test_signed_values_with_rescale(read):
    signed = RAMP.astype(np.int16) - 128
    np.testing.assert_allclose(read(film(signed, RescaleSlope=2, RescaleIntercept=-1024)), EXACT, atol=1e-6)


def test_negative_slope_turns_values_round_with_and_without_window(read):
    rescale = {"RescaleSlope": -1, "RescaleIntercept": 4080}
    np.testing.assert_allclose(read(film(**rescale)), 1 - EXACT, atol=1e-6)
    windowed = read(film(**rescale, WindowCenter=2040, WindowWidth=4080, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(windowed, 1 - EXACT, atol=1e-6)


def test_a_slope_of_zero_is_ignored(load):
    image = load(film(RescaleSlope=0, RescaleIntercept=5, **EXACT_WINDOW))
    np.testing.assert_allclose(image[0], WINDOWED, atol=1e-6)
    assert image.notes == ("RescaleSlope (0028,1053) is 0 and was ignored",)


def test_modality_table(read):
    ds = film(RAMP, ModalityLUTSequence=table(np.arange(256)[::-1]))
    np.testing.assert_allclose(read(ds), 1 - EXACT, atol=1e-6)


# ---- windows


@pytest.mark.parametrize("signed", [False, True])
def test_window_is_the_range(read, signed):
    """LINEAR_EXACT, centre c, width w: (v - c) / w + 1/2, clipped."""
    stored = RAMP.astype(np.int16 if signed else np.uint16)
    windowed = read(film(stored, WindowCenter=100, WindowWidth=50, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(windowed, np.clip((RAMP - 100.0) / 50 + 0.5, 0, 1), atol=1e-6)


def test_default_window_function_and_first_of_several(read):
    """LINEAR: ((v - (c - 1/2)) / (w - 1) + 1/2)."""
    windowed = read(film(RAMP, WindowCenter=[100, 7], WindowWidth=[51, 9]))
    np.testing.assert_allclose(windowed, np.clip((RAMP - 99.5) / 50 + 0.5, 0, 1), atol=1e-6)


def test_a_linear_window_of_width_one_is_a_step(read):
    np.testing.assert_array_equal(read(film(RAMP, WindowCenter=100, WindowWidth=1)), RAMP >= 100)


def test_a_window_narrower_than_one_is_exact(read):
    """A slope that makes values of [0, 1] has such windows; LINEAR has no formula for them."""
    windowed = read(film(RescaleSlope=1 / 4080, RescaleIntercept=0, WindowCenter=0.5, WindowWidth=0.8))
    np.testing.assert_allclose(windowed, np.clip((EXACT - 0.5) / 0.8 + 0.5, 0, 1), atol=1e-6)


def test_sigmoid_window(read):
    windowed = read(film(RAMP, WindowCenter=100, WindowWidth=50, VOILUTFunction="SIGMOID"))
    np.testing.assert_allclose(windowed, 1 / (1 + np.exp(-4 * (RAMP - 100.0) / 50)), atol=1e-6)


@pytest.mark.parametrize(
    ("centre", "width", "note"),
    [(b"2048,0", b"4096,0", "has a decimal comma, read as a point"), (b"\\2048", b"0\\4096", "")],
)
def test_windows_as_files_hold_them(load, centre, width, note):
    image = load(film(raw={"WindowCenter": centre, "WindowWidth": width}, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(image[0], WINDOWED, atol=1e-6)
    assert note in " ".join(image.notes)


def test_an_empty_window_function_is_linear(load):
    image = load(film(raw={"VOILUTFunction": b""}, WindowCenter=2048.5, WindowWidth=4097))
    np.testing.assert_allclose(image[0], WINDOWED, atol=1e-6)
    assert image.notes == ("VOILUTFunction (0028,1056) is empty and was ignored",)


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        ({"WindowCenter": b"100", "WindowWidth": b"0"}, "WindowWidth (0028,1051) is not above 0"),
        ({"WindowCenter": b"100", "WindowWidth": b"-4"}, "WindowWidth (0028,1051) is not above 0"),
        ({"WindowCenter": b"", "WindowWidth": b""}, "WindowCenter (0028,1050) is empty"),
        ({"WindowCenter": b"BONE", "WindowWidth": b"50"}, "WindowCenter (0028,1050) is malformed"),
        ({"WindowCenter": b"1,000.5", "WindowWidth": b"50"}, "WindowCenter (0028,1050) is malformed"),
        ({"WindowCenter": b"nan", "WindowWidth": b"inf"}, "WindowWidth (0028,1051) is not above 0"),
    ],
)
def test_a_window_without_meaning_is_as_if_absent(load, raw, note):
    image = load(film(raw=raw))
    np.testing.assert_allclose(image[0], EXACT, atol=1e-6)
    assert note in " ".join(image.notes)


def test_an_unknown_window_function_is_linear(load):
    image = load(film(RAMP, WindowCenter=100, WindowWidth=51, VOILUTFunction="FANCY"))
    np.testing.assert_allclose(image[0], np.clip((RAMP - 99.5) / 50 + 0.5, 0, 1), atol=1e-6)
    assert image.notes == ("VOILUTFunction (0028,1056) is unknown and was ignored",)


# ---- VOI tables


@pytest.mark.parametrize("vr", ["OW", "US"])
def test_voi_table_goes_before_the_window_and_its_entries_are_the_range(read, vr):
    ds = film(RAMP, VOILUTSequence=table(np.arange(256) ** 2, vr=vr), WindowCenter=9, WindowWidth=2)
    np.testing.assert_allclose(read(ds), EXACT**2, atol=1e-6)


def test_an_empty_voi_table_leaves_the_window(load):
    image = load(film(VOILUTSequence=[Dataset()], **EXACT_WINDOW))
    np.testing.assert_allclose(image[0], WINDOWED, atol=1e-6)
    assert image.notes == ("VOILUTSequence (0028,3010) is empty and was ignored",)

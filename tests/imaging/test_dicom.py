"""DICOM: the values a viewer would show, in each transfer syntax, and a reason for each refusal."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom import Dataset, dcmread  # noqa: E402
from pydicom.data import get_testdata_file  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.pixels import decoders  # noqa: E402
from pydicom.uid import (  # noqa: E402
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicom_fakes import RAMP, film  # noqa: E402
from radz.errors import ImageError, MissingExtraError  # noqa: E402
from radz.imaging.read import read_image  # noqa: E402

EXACT = RAMP.astype(np.float32) / 255
LARGE, LARGE_EXACT = np.kron(RAMP, np.ones((4, 4), np.uint16)), np.kron(EXACT, np.ones((4, 4), np.float32))


def shipped(name):
    """A file of pydicom's own wheel; nothing is downloaded."""
    return Path(get_testdata_file(name, download=False))


def table(data, first=0, bits=16, vr="OW"):
    """A lookup table of the modality or VOI kind."""
    item = Dataset()
    item.LUTDescriptor = [len(data), first, bits]
    words = np.asarray(data, np.uint16)
    item.add_new("LUTData", vr, words.tobytes() if vr == "OW" else words.tolist())
    return [item]


@pytest.fixture
def read(tmp_path):
    def save_and_read(ds, **options):
        path = tmp_path / "film.dcm"
        ds.save_as(path, enforce_file_format=True)
        return read_image(path, **options)[0]

    return save_and_read


# ---- values


def test_without_window_smallest_to_largest(read):
    np.testing.assert_allclose(read(film()), EXACT, atol=1e-6)
    np.testing.assert_allclose(read(film(RAMP.astype(np.uint8))), EXACT, atol=1e-6)


def test_monochrome1_is_inverted(read):
    np.testing.assert_allclose(read(film(PhotometricInterpretation="MONOCHROME1")), 1 - EXACT, atol=1e-6)


def test_inverted_turns_the_declared_polarity_round(read):
    ds = film(PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(read(ds, inverted=True), EXACT, atol=1e-6)
    np.testing.assert_allclose(read(ds, inverted=False), 1 - EXACT, atol=1e-6)


def test_signed_values_with_rescale(read):
    signed = RAMP.astype(np.int16) - 128
    np.testing.assert_allclose(read(film(signed, RescaleSlope=2, RescaleIntercept=-1024)), EXACT, atol=1e-6)


def test_negative_slope_turns_values_round_with_and_without_window(read):
    rescale = {"RescaleSlope": -1, "RescaleIntercept": 4080}
    np.testing.assert_allclose(read(film(**rescale)), 1 - EXACT, atol=1e-6)
    windowed = read(film(**rescale, WindowCenter=2040, WindowWidth=4080, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(windowed, 1 - EXACT, atol=1e-6)


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


def test_sigmoid_window(read):
    windowed = read(film(RAMP, WindowCenter=100, WindowWidth=50, VOILUTFunction="SIGMOID"))
    np.testing.assert_allclose(windowed, 1 / (1 + np.exp(-4 * (RAMP - 100.0) / 50)), atol=1e-6)


@pytest.mark.parametrize("vr", ["OW", "US"])
def test_voi_table_goes_before_the_window_and_its_entries_are_the_range(read, vr):
    ds = film(RAMP, VOILUTSequence=table(np.arange(256) ** 2, vr=vr), WindowCenter=9, WindowWidth=2)
    np.testing.assert_allclose(read(ds), EXACT**2, atol=1e-6)


def test_eight_bit_table_of_many_entries_does_not_wrap_round(read):
    ds = film(VOILUTSequence=table(np.arange(4096) // 16, bits=8))
    np.testing.assert_allclose(read(ds), EXACT, atol=1e-6)


def test_table_starts_at_its_first_value_and_clips(read):
    ds = film(RAMP, VOILUTSequence=table(np.arange(100), first=50))
    np.testing.assert_allclose(read(ds), np.clip((RAMP - 50.0) / 99, 0, 1), atol=1e-6)


def test_modality_table(read):
    ds = film(RAMP, ModalityLUTSequence=table(np.arange(256)[::-1]))
    np.testing.assert_allclose(read(ds), 1 - EXACT, atol=1e-6)


@pytest.mark.parametrize("polarity", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_dark_and_not_part_of_the_range(read, polarity):
    stored = RAMP + np.uint16(1000)
    stored[:4] = 0
    stored[4:6] = 5
    pixels = read(film(stored, PhotometricInterpretation=polarity, PixelPaddingValue=0, PixelPaddingRangeLimit=9))
    rest = (RAMP[6:] - 96) / np.float32(159)
    assert (pixels[:6] == 0).all()
    np.testing.assert_allclose(pixels[6:], rest if polarity == "MONOCHROME2" else 1 - rest, atol=1e-6)


def test_values_above_the_stored_bits_are_overlay_and_ignored(read):
    np.testing.assert_allclose(read(film(RAMP * 16 + np.uint16(1 << 15))), EXACT, atol=1e-6)


def test_equal_channels_are_grey(read):
    rgb = np.repeat(RAMP.astype(np.uint8)[..., None], 3, axis=2)
    ds = film(rgb, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    np.testing.assert_allclose(read(ds), EXACT, atol=1e-6)


# ---- transfer syntaxes


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless], ids=lambda s: s.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_lossless_compression_changes_nothing(read, syntax, dtype):
    stored = (LARGE * (1 if dtype is np.uint8 else 16)).astype(dtype)
    ds = film(stored, BitsStored=8 if dtype is np.uint8 else 16)
    ds.compress(syntax, generate_instance_uid=False)
    np.testing.assert_allclose(read(ds), LARGE_EXACT, atol=1e-6)


def test_deflated(read):
    ds = film()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    np.testing.assert_allclose(read(ds), EXACT, atol=1e-6)


def gdcm_jpeg(tmp_path, ds, syntax):
    """``ds`` as GDCM compresses it, since pydicom does not write JPEG."""
    gdcm = pytest.importorskip("gdcm")
    ds.save_as(tmp_path / "raw.dcm", enforce_file_format=True)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(tmp_path / "raw.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(tmp_path / "jpeg.dcm"))
    assert writer.Write()
    return tmp_path / "jpeg.dcm"


def test_jpeg_lossless(tmp_path):
    gdcm = pytest.importorskip("gdcm")
    path = gdcm_jpeg(tmp_path, film(), gdcm.TransferSyntax.JPEGLosslessProcess14_1)
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    np.testing.assert_allclose(read_image(path)[0], EXACT, atol=1e-6)


def test_jpeg_baseline(tmp_path):
    gdcm = pytest.importorskip("gdcm")
    path = gdcm_jpeg(tmp_path, film(RAMP.astype(np.uint8)), gdcm.TransferSyntax.JPEGBaselineProcess1)
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert np.abs(read_image(path)[0] - EXACT).max() < 0.03  # measured 0.012


@pytest.mark.parametrize(
    "name",
    ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_bigendian.dcm"],
)
def test_pydicoms_own_files_agree_whatever_their_syntax(name):
    expected = read_image(shipped("MR_small.dcm"))
    np.testing.assert_array_equal(read_image(shipped(name)), expected)


def test_lossy_files_of_other_makers():
    for name, shape in (("693_J2KI.dcm", (1, 512, 512)), ("JPEGLSNearLossless_16.dcm", (1, 50, 10))):
        pixels = read_image(shipped(name)).pixels
        assert pixels.shape == shape
        assert 0 <= pixels.min() < pixels.max() <= 1


def test_missing_decoder_names_the_extra(tmp_path, monkeypatch):
    ds = film(LARGE)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    decoder = decoders.base._PIXEL_DATA_DECODERS[JPEG2000Lossless][0]
    monkeypatch.setattr(decoder, "_available", {})
    with pytest.raises(MissingExtraError, match=r"JPEG 2000.*pylibjpeg-openjpeg.*pip install 'radz\[dicom\]'"):
        read_image(tmp_path / "a.dcm")


# ---- refusals

RGB = np.zeros((16, 16, 3), np.uint8) + np.array([200, 10, 10], np.uint8)


@pytest.mark.parametrize(
    ("ds", "reason"),
    [
        (film(PhotometricInterpretation=None), r"PhotometricInterpretation \(0028,0004\) is absent.*not guessed"),
        (film(PhotometricInterpretation="PALETTE COLOR"), r"is PALETTE COLOR, allowed are MONOCHROME1, MONOCHROME2"),
        (film(PhotometricInterpretation="BRIGHT"), r"is BRIGHT, allowed are"),
        (film(PresentationLUTShape="INVERSE"), r"is MONOCHROME2, but PresentationLUTShape INVERSE means MONOCHROME1"),
        (film(PixelData=None), r"header of an image but no Pixel Data"),
        (film(PixelData=None, Rows=None), r"holds no image \(it may be a report"),
        (film(NumberOfFrames=3), r"holds 3 frames \(multi-frame\)"),
        (film(Rows=60000, Columns=60000), r"60000 x 60000 = 3,600,000,000 pixels, the limit is 67,108,864"),
        (film(RAMP.astype(np.uint32), BitsStored=32), r"32 bits a pixel; a radiograph has 8 to 16"),
        (film(RAMP * 0), r"every pixel has the same value"),
        (film(RAMP * 0, PixelPaddingValue=0), r"every pixel has the same value"),
        (film(WindowCenter=9000, WindowWidth=10), r"every pixel has the same value"),
        (film(WindowCenter=100, WindowWidth=0), r"Window Width must be greater"),
        (film(PixelData=RAMP.tobytes()[:100] + b""), r"damaged, truncated"),
        (film(RGB, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0), r"100% .* coloured"),
    ],
)
def test_refusals(tmp_path, ds, reason):
    path = tmp_path / "film.dcm"
    ds.save_as(path, enforce_file_format=True)
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_reports_and_waveforms_hold_no_image():
    for name in ("test-SR.dcm", "waveform_ecg.dcm", "rtplan.dcm"):
        with pytest.raises(ImageError, match=r"holds no image"):
            read_image(shipped(name))


def test_truncated_file(tmp_path):
    film().save_as(tmp_path / "a.dcm", enforce_file_format=True)
    whole = (tmp_path / "a.dcm").read_bytes()
    for length in (140, 200, 400, len(whole) - 10):
        (tmp_path / "a.dcm").write_bytes(whole[:length])
        with pytest.raises(ImageError):
            read_image(tmp_path / "a.dcm")


def test_contradicting_presentation_shape_is_settled_by_the_option(read):
    np.testing.assert_allclose(read(film(PresentationLUTShape="INVERSE"), inverted=True), 1 - EXACT, atol=1e-6)


def test_small_header_over_a_huge_stream(tmp_path):
    """The header is checked against the limit, so the compressed stream must be of the header's size."""
    ds = film(LARGE)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    frame = bytearray(next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)))
    at = frame.find(b"\xff\x4f\xff\x51")
    struct.pack_into(">2I", frame, at + 8, 60_000, 60_000)
    ds.PixelData = encapsulate([bytes(frame)])
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match=r"header declares 64 x 64 pixels, the compressed data \(60000, 60000\)"):
        read_image(tmp_path / "a.dcm")


def test_deflated_bomb(tmp_path, monkeypatch):
    ds = film(np.zeros((64, 64), np.uint16))
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    monkeypatch.setattr("radz.imaging.dicom_file.MAX_INFLATED", 3000)
    with pytest.raises(ImageError, match=r"grows beyond the limit of 3,000 bytes"):
        read_image(tmp_path / "a.dcm")


def test_no_identifier_reaches_a_message(tmp_path):
    ds = film(NumberOfFrames=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.add_new(0x00100020, "LO", "SECRET-ID" + "x" * 80)  # too long for its VR: pydicom warns as it parses it
        ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(ImageError) as caught:
            read_image(tmp_path / "a.dcm")
    assert "secret" not in (str(caught.value) + "".join(str(w.message) for w in seen)).lower()

"""Transfer syntaxes: the same values in each, decoders that crash or find damage, and decoders that are absent."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom import dcmread  # noqa: E402
from pydicom.data import get_testdata_file  # noqa: E402
from pydicom.encaps import encapsulate, generate_frames  # noqa: E402
from pydicom.pixels import decoders  # noqa: E402
from pydicom.uid import (  # noqa: E402
    MPEG2MPML,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicom_fakes import EXACT, RAMP, content, film, frame_of, gdcm_jpeg, saved  # noqa: E402
from image_fakes import fake_radiograph  # noqa: E402
from radz.errors import ImageError, MissingExtraError  # noqa: E402
from radz.imaging.read import read_image  # noqa: E402

LARGE, LARGE_EXACT = np.kron(RAMP, np.ones((4, 4), np.uint16)), np.kron(EXACT, np.ones((4, 4), np.float32))


def shipped(name):
    """A file of pydicom's own wheel; nothing is downloaded."""
    return Path(get_testdata_file(name, download=False))


def compressed(syntax, stored=LARGE, **tags):
    ds = film(stored, **tags)
    ds.compress(syntax, generate_instance_uid=False)
    return ds


# ---- values


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless], ids=lambda s: s.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_lossless_compression_changes_nothing(read, syntax, dtype):
    stored = (LARGE * (1 if dtype is np.uint8 else 16)).astype(dtype)
    ds = compressed(syntax, stored, BitsStored=8 if dtype is np.uint8 else 16)
    np.testing.assert_allclose(read(ds), LARGE_EXACT, atol=1e-6)


def test_jpeg_lossless(tmp_path):
    path = gdcm_jpeg(tmp_path, film(), "JPEGLosslessProcess14_1")
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    np.testing.assert_allclose(read_image(path)[0], EXACT, atol=1e-6)


def test_jpeg_baseline(tmp_path):
    path = gdcm_jpeg(tmp_path, film(RAMP.astype(np.uint8)), "JPEGBaselineProcess1")
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert np.abs(read_image(path)[0] - EXACT).max() < 0.03  # measured 0.012


def test_lossy_jpeg_of_12_bits(tmp_path):
    smooth = np.asarray(fake_radiograph(0, 64)).astype(np.uint16) * 16
    path = gdcm_jpeg(tmp_path, film(smooth), "JPEGExtendedProcess2_4")
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGExtended12Bit
    expected = (smooth - smooth.min()) / np.ptp(smooth)
    assert np.abs(read_image(path)[0] - expected).max() < 0.02  # measured 0.003


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


# ---- damage


def test_a_decoder_that_crashes_costs_one_image(tmp_path):
    path = gdcm_jpeg(tmp_path, film(), "JPEGLosslessProcess14_1")
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"\xff\xc4")] = 0  # without Huffman tables GDCM 3 ends its process
    (tmp_path / "bad.dcm").write_bytes(whole)
    for _ in range(2):
        with pytest.raises(ImageError, match=r"bad.dcm: its decoder crashed: the compressed data are damaged or of a"):
            read_image(tmp_path / "bad.dcm")
        np.testing.assert_allclose(read_image(path)[0], EXACT, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("JPEGLosslessProcess14_1", np.uint16), ("JPEGBaselineProcess1", np.uint8)]
)
def test_damage_that_libjpeg_only_warns_of_is_refused(tmp_path, kind, dtype):
    stored = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(dtype)
    path = gdcm_jpeg(tmp_path, film(stored), kind)
    frame, at = frame_of(path)
    middle = at + len(frame) // 2
    whole = bytearray(path.read_bytes())
    whole[middle : middle + 32] = whole[middle - 32 : middle]
    whole[middle + 40 : middle + 56] = bytes(16)
    (tmp_path / "bad.dcm").write_bytes(whole)
    with pytest.raises(ImageError, match=r"(compressed data are|JPEG is) damaged, truncated or corrupt \(.*JPEG data"):
        read_image(tmp_path / "bad.dcm")


def test_small_header_over_a_huge_stream(tmp_path):
    """The header is checked against the limit, so the compressed stream must be of the header's size."""
    ds = compressed(JPEG2000Lossless)
    frame = bytearray(next(generate_frames(ds.PixelData, number_of_frames=1)))
    at = frame.find(b"\xff\x4f\xff\x51")
    struct.pack_into(">2I", frame, at + 8, 60_000, 60_000)
    ds.PixelData = encapsulate([bytes(frame)])
    with pytest.raises(ImageError, match=r"header declares 64 x 64 pixels, the compressed data 60000 x 60000"):
        read_image(saved(ds, tmp_path / "a.dcm"))


def test_rle_data_that_are_too_long_are_noted(load):
    ds = compressed(RLELossless, LARGE.astype(np.uint8))
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    ds.PixelData = encapsulate([frame + b"\x03\x01\x01\x01\x01" + b"\0"])
    ds["PixelData"].is_undefined_length = True
    image = load(ds)
    np.testing.assert_allclose(image[0], LARGE_EXACT, atol=1e-6)
    assert image.notes == ("the RLE data hold more values than the image has pixels; the rest was ignored",)


# ---- what is absent, and what contradicts the syntax


@pytest.mark.parametrize(
    ("syntax", "message"),
    [
        (JPEG2000Lossless, r"JPEG 2000.*pylibjpeg-openjpeg.*pip install 'radz\[dicom\]'"),
        (JPEGLSLossless, r"JPEG-LS.*pyjpegls.*pip install 'radz\[dicom\]'"),
    ],
)
def test_missing_decoder_names_the_extra(tmp_path, monkeypatch, syntax, message):
    path = saved(compressed(syntax), tmp_path / "a.dcm")
    monkeypatch.setattr(decoders.base._PIXEL_DATA_DECODERS[syntax][0], "_available", {})
    with pytest.raises(MissingExtraError, match=message):
        read_image(path)


def test_lossy_jpeg_of_12_bits_names_gdcm_where_it_is_missing(tmp_path, monkeypatch):
    path = gdcm_jpeg(tmp_path, film(LARGE * 16), "JPEGExtendedProcess2_4")
    monkeypatch.setattr(decoders.base._PIXEL_DATA_DECODERS[JPEGLosslessSV1][0], "_available", {})
    with pytest.raises(MissingExtraError, match=r"JPEG Extended.*python-gdcm.*pip install 'radz\[dicom\]'"):
        read_image(path)


def test_a_film_strip_is_no_still_image(load):
    ds = film()
    ds.file_meta.TransferSyntaxUID = MPEG2MPML
    ds.PixelData = encapsulate([b"mpeg"])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(ImageError, match=r"radz does not read transfer syntax MPEG2"):
        load(ds)


def test_a_syntax_that_contradicts_the_pixel_data_is_named(tmp_path):
    rle, explicit = (syntax.encode() + b"\0" for syntax in (RLELossless, ExplicitVRLittleEndian))
    (tmp_path / "a.dcm").write_bytes(content(compressed(RLELossless)).replace(rle, explicit))
    with pytest.raises(ImageError, match=r"TransferSyntaxUID \(0002,0010\) is Explicit VR.* Pixel Data are compressed"):
        read_image(tmp_path / "a.dcm")

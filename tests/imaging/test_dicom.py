"""DICOM as a whole: polarity, colour, facts and notes, a reason for each refusal, and no identifier in any of them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from pydicom.data import get_testdata_file  # noqa: E402

from dicom_fakes import EXACT, RAMP, film  # noqa: E402
from radz.errors import ImageError  # noqa: E402
from radz.imaging.read import read_image  # noqa: E402

RGB = np.zeros((16, 16, 3), np.uint8) + np.array([200, 10, 10], np.uint8)
CHANNELS = np.repeat(RAMP.astype(np.uint8)[..., None], 3, axis=2)


def palette(entries, bits=16, **changed):
    """Elements of an image whose palette shows ``entries`` in grey, but for the colours in ``changed``."""
    elements = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        values = np.asarray(changed.get(colour.lower(), entries))
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [len(values), 0, bits]
        elements[f"{colour}PaletteColorLookupTableData"] = values.astype("u1" if bits == 8 else "<u2").tobytes()
    return elements


# ---- polarity


def test_monochrome1_is_inverted(load):
    image = load(film(PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(image[0], 1 - EXACT, atol=1e-6)
    assert (image.photometric, image.inverted) == ("MONOCHROME1", True)


def test_inverted_turns_the_declared_polarity_round(read):
    ds = film(PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(read(ds, inverted=True), EXACT, atol=1e-6)
    np.testing.assert_allclose(read(ds, inverted=False), 1 - EXACT, atol=1e-6)


def test_contradicting_presentation_shape_is_settled_by_the_option(read):
    np.testing.assert_allclose(read(film(PresentationLUTShape="INVERSE"), inverted=True), 1 - EXACT, atol=1e-6)


def test_padding_and_shutter_stay_dark_whatever_the_polarity(read):
    stored = RAMP * 16
    stored[0] = 4095
    shutter = {
        "ShutterShape": "RECTANGULAR",
        "ShutterUpperHorizontalEdge": 1,
        "ShutterLowerHorizontalEdge": 16,
        "ShutterLeftVerticalEdge": 3,
        "ShutterRightVerticalEdge": 16,
    }
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        plane = read(film(stored, PhotometricInterpretation=photometric, PixelPaddingValue=4095, **shutter))
        assert not plane[0].any()
        assert not plane[:, :2].any()
        assert plane[1:, 2:].max() == 1


# ---- colour


def test_equal_channels_are_grey(read):
    ds = film(CHANNELS, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    np.testing.assert_allclose(read(ds), EXACT, atol=1e-6)
    np.testing.assert_allclose(read(ds, inverted=True), 1 - EXACT, atol=1e-6)


@pytest.mark.parametrize("planar", [0, 1])
def test_three_equal_samples_called_monochrome_are_grey(read, planar):
    stored = np.ascontiguousarray(CHANNELS.transpose(2, 0, 1)) if planar else CHANNELS
    tags = {"Rows": 16, "Columns": 16, "SamplesPerPixel": 3, "PlanarConfiguration": planar}
    np.testing.assert_allclose(read(film(stored, **tags)), EXACT, atol=1e-6)
    turned = film(stored, PhotometricInterpretation="MONOCHROME1", **tags)
    np.testing.assert_allclose(read(turned), 1 - EXACT, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_grey_palette_is_read_as_it_is_shown(read, bits):
    stored, shown = RAMP.astype(np.uint8), np.arange(256)[::-1] * (257 if bits == 16 else 1)
    np.testing.assert_allclose(read(film(stored, **palette(shown, bits))), 1 - EXACT, atol=1e-6)


def test_a_palette_of_bytes_in_words_is_one_of_bytes(read):
    np.testing.assert_allclose(read(film(RAMP.astype(np.uint8), **palette(np.arange(256)))), EXACT, atol=1e-6)


# ---- facts and notes


def test_facts_of_the_header(load):
    uids = {"StudyInstanceUID": "1.2.4", "SeriesInstanceUID": "1.2.5"}
    kind = {"Modality": "DX", "BodyPartExamined": "chest", "ViewPosition": "PA", "ImageLaterality": "U"}
    image = load(film(PixelSpacing=[0.15, 0.2], ImagerPixelSpacing=[1, 1], **kind, **uids))
    assert (image.modality, image.body_part, image.view, image.laterality) == ("DX", "CHEST", "PA", "U")
    assert image.spacing_mm == (0.15, 0.2)
    assert (image.study_instance_uid, image.series_instance_uid, image.sop_instance_uid) == ("1.2.4", "1.2.5", "1.2.3")
    assert image.sop_class_uid == "1.2.840.10008.5.1.4.1.1.1.1"
    assert image.notes == ()


def test_odd_facts_are_empty_and_not_noted(load):
    image = load(
        film(raw={"Modality": b"free text, too long for a code", "PixelSpacing": b"x", "SeriesInstanceUID": b"?"})
    )
    assert (image.modality, image.spacing_mm, image.series_instance_uid, image.notes) == ("", None, "", ())


def test_what_was_ignored_is_noted(load):
    image = load(film(raw={"RescaleSlope": b"", "RescaleIntercept": b"", "NumberOfFrames": b"x"}))
    np.testing.assert_allclose(image[0], EXACT, atol=1e-6)
    assert set(image.notes) == {
        "RescaleSlope (0028,1053) is empty and was ignored",
        "RescaleIntercept (0028,1052) is empty and was ignored",
        "NumberOfFrames (0028,0008) is malformed and was ignored",
    }


# ---- refusals


@pytest.mark.parametrize(
    ("ds", "reason"),
    [
        (film(PhotometricInterpretation=None), r"PhotometricInterpretation \(0028,0004\) is absent.*not guessed"),
        (film(PhotometricInterpretation="BRIGHT"), r"is BRIGHT, allowed are MONOCHROME1, MONOCHROME2, RGB"),
        (film(PhotometricInterpretation="PALETTE COLOR"), r"PALETTE COLOR, but the palette is incomplete or segmented"),
        (film(RAMP.astype(np.uint8), **palette(range(256), red=[*range(255, -1, -1)])), r"pixels are coloured"),
        (film(PresentationLUTShape="INVERSE"), r"is MONOCHROME2, but PresentationLUTShape INVERSE means MONOCHROME1"),
        (film(PixelData=None), r"header of an image but no Pixel Data"),
        (film(PixelData=None, Rows=None), r"holds no image \(it may be a report"),
        (film(NumberOfFrames=3), r"holds 3 frames \(multi-frame\)"),
        (film(Rows=60000, Columns=60000), r"60000 x 60000 = 3,600,000,000 pixels, the limit is 67,108,864"),
        (film(RAMP.astype(np.uint32), BitsStored=32), r"32 bits a pixel; a radiograph has 8 to 16"),
        (film(RAMP * 0), r"every pixel has the same value"),
        (film(RAMP * 0, PixelPaddingValue=0), r"every pixel has the same value"),
        (film(WindowCenter=9000, WindowWidth=10), r"every pixel has the same value"),
        (film(PixelData=RAMP.tobytes()[:100] + b""), r"damaged, truncated in its Pixel Data: 100 of 512 bytes"),
        (film(RGB, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0), r"100% .* coloured"),
        (film(RGB, SamplesPerPixel=3, PlanarConfiguration=0), r"100% .* coloured"),
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
            read_image(Path(get_testdata_file(name, download=False)))


def test_truncated_file(tmp_path):
    film().save_as(tmp_path / "a.dcm", enforce_file_format=True)
    whole = (tmp_path / "a.dcm").read_bytes()
    for length in (140, 200, 400, len(whole) - 10):
        (tmp_path / "a.dcm").write_bytes(whole[:length])
        with pytest.raises(ImageError):
            read_image(tmp_path / "a.dcm")


def test_control_characters_of_a_header_are_escaped(load):
    with pytest.raises(ImageError, match=r"is \\x1b\[2JX, allowed are") as caught:
        load(film(raw={"PhotometricInterpretation": b"\x1b[2JX"}))
    assert str(caught.value).isprintable()


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


CASES = sorted(Path(os.environ.get("RADZ_DEV_CASES", "/nowhere")).glob("dicom/*.dcm"))


@pytest.mark.skipif(not CASES, reason="RADZ_DEV_CASES does not name the folder of the shared cases")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_shared_cases_are_as_expected_or_refused_for_their_table(path):
    try:
        plane = read_image(path)[0]
    except ImageError as error:
        assert "is shorter than declared" in str(error)  # noqa: PT017
    else:
        assert np.abs(plane - np.load(path.with_suffix(".expected.npy"))).max() < 0.02

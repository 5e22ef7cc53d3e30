"""The demonstration film as PNG and DICOM."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from ct_fakes import WATER_HU, block
from radz.errors import ImageError, MissingExtraError
from radz.imaging.read import read_image
from radz.simulate import film as film_module
from radz.simulate.film import write_demo_film, write_dicom, write_png

RAMP = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)


def test_png_keeps_sixteen_bits_and_the_spacing(tmp_path):
    write_png(tmp_path / "film.png", RAMP, 0.5)
    with Image.open(tmp_path / "film.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.round(RAMP[0] * 65535))
        assert 25.4 / image.info["dpi"][0] == pytest.approx(0.5, rel=1e-3)


def test_dicom_is_a_chest_radiograph_with_its_orientation(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    write_dicom(tmp_path / "film.dcm", RAMP, 0.5)
    dataset = pydicom.dcmread(tmp_path / "film.dcm")
    np.testing.assert_array_equal(dataset.pixel_array, np.round(RAMP[0] * 4095))
    assert (dataset.Modality, dataset.ViewPosition, dataset.PhotometricInterpretation) == (
        "DX",
        "AP",
        "MONOCHROME2",
    )
    assert list(dataset.PatientOrientation) == ["L", "F"]
    assert list(dataset.PixelSpacing) == [0.5, 0.5]


def test_the_door_reads_back_what_was_written(tmp_path):
    pytest.importorskip("pydicom")
    pixels = np.linspace(0, 1, 64 * 80, dtype=np.float32).reshape(1, 64, 80)
    write_dicom(tmp_path / "film.dcm", pixels, 0.5)
    write_png(tmp_path / "film.png", pixels, 0.5)
    np.testing.assert_allclose(read_image(tmp_path / "film.dcm"), pixels, atol=0.5001 / 4095)
    np.testing.assert_allclose(read_image(tmp_path / "film.png"), pixels, atol=0.51 / 65535)


def test_the_same_film_is_the_same_file(tmp_path):
    pytest.importorskip("pydicom")
    for name in ("a.dcm", "b.dcm"):
        write_dicom(tmp_path / name, RAMP, 0.5)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"a name that ends in \.dcm or \.png"):
        write_demo_film(tmp_path / "film.jpg")


def test_dicom_without_pydicom_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'radz\[dicom\]'"):
        write_demo_film(tmp_path / "film.dcm")


def test_the_demonstration_film_is_made_from_the_ct(tmp_path, monkeypatch):
    monkeypatch.setattr(film_module, "chest_ct", lambda: block(WATER_HU, (4, 100, 6)))
    path = write_demo_film(tmp_path / "new" / "film.png")
    with Image.open(path) as image:
        assert image.size == (4, 18)

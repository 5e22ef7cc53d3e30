"""The demonstration film: physics with derivable values, orientation, files, and the real CT (slow)."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from radz.errors import ImageError, MissingExtraError
from radz.imaging.read import read_image
from radz.simulate import film as film_module
from radz.simulate.ct import Volume, read_nifti
from radz.simulate.film import write_demo_film, write_dicom, write_png
from radz.simulate.project import (
    MU_WATER_PER_MM,
    attenuation_per_mm,
    film,
    line_integrals,
    radiograph,
    square_pixels,
    transmission,
)

WATER_HU, AIR_HU, PADDING_HU = 0.0, -1000.0, -2048.0


def block(hu: float, shape=(4, 10, 6), spacing_mm=(1.0, 2.0, 3.0)) -> Volume:
    return Volume(np.full(shape, hu, dtype=np.float32), spacing_mm)


def nifti(path, voxels, *, diagonal=(-1.0, 1.0, 1.0), slope=1.0, intercept=0.0, dtype=4, magic=b"n+1\0"):
    """A NIfTI-1 file written by hand: voxels int16 (X, Y, Z), diagonal affine."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape, 1, 1, 1, 1)
    struct.pack_into("<h", header, 70, dtype)
    struct.pack_into("<3f", header, 108, 352.0, slope, intercept)
    struct.pack_into("<h", header, 254, 1)
    affine = np.hstack([np.diag(diagonal), np.zeros((3, 1))])
    header[280:328] = affine.astype("<f4").tobytes()
    header[344:348] = magic
    path.write_bytes(gzip.compress(bytes(header) + voxels.astype("<i2").tobytes(order="F")))
    return path


class TestPhysics:
    def test_water_attenuates_by_its_thickness(self):
        thickness_mm = 10 * 2.0
        expected = np.exp(-MU_WATER_PER_MM * thickness_mm)
        np.testing.assert_allclose(transmission(line_integrals(block(WATER_HU))), expected, rtol=1e-6)  # measured 6e-8

    def test_water_halves_the_beam_at_its_half_value_layer(self):
        half_value_mm = np.log(2) / MU_WATER_PER_MM  # 36 mm at 70 keV
        slab = block(WATER_HU, spacing_mm=(1.0, half_value_mm / 10, 1.0))
        np.testing.assert_allclose(transmission(line_integrals(slab)), 0.5, rtol=1e-6)

    @pytest.mark.parametrize("hu", [AIR_HU, PADDING_HU])
    def test_air_and_padding_let_all_of_the_beam_through(self, hu):
        assert np.all(transmission(line_integrals(block(hu))) == 1)
        assert np.all(radiograph(block(hu)) == 0)

    def test_twice_the_density_attenuates_twice(self):
        once, twice = line_integrals(block(WATER_HU)), line_integrals(block(1000.0))
        np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)

    def test_attenuation_adds_along_a_ray_in_any_order(self):
        slab = block(WATER_HU)
        slab.hu[:, :3] = 500.0
        mirrored = Volume(slab.hu[:, ::-1].copy(), slab.spacing_mm)
        np.testing.assert_allclose(line_integrals(slab), line_integrals(mirrored), rtol=1e-6)
        np.testing.assert_allclose(line_integrals(slab), MU_WATER_PER_MM * 2.0 * (7 + 3 * 1.5), rtol=1e-6)

    def test_attenuation_of_water_and_of_lung(self):
        mu = attenuation_per_mm(np.array([WATER_HU, -750.0], dtype=np.float32))
        np.testing.assert_allclose(mu, [MU_WATER_PER_MM, MU_WATER_PER_MM / 4], rtol=1e-6)

    def test_the_film_is_linear_in_log_exposure_between_black_and_white(self):
        integrals = np.array([[0.5, 1.0, 2.0, 3.0, 4.0]], dtype=np.float32)
        np.testing.assert_allclose(film(transmission(integrals), window=(1.0, 3.0))[0, 0], [0, 0, 0.5, 1, 1], atol=1e-6)

    def test_denser_is_brighter(self):
        thin, thick = (radiograph(block(hu, (4, 100, 6)))[0].mean() for hu in (-300.0, 0.0))
        assert 0 < thin < thick < 1


class TestOrientation:
    def test_patient_right_is_on_the_left_and_head_is_up(self):
        volume = block(AIR_HU, shape=(5, 4, 3))
        volume.hu[0, :, 2] = WATER_HU  # the patient's right shoulder
        bright = np.argwhere(line_integrals(volume) > 0)
        assert bright.tolist() == [[0, 0]]

    def test_a_square_of_tissue_stays_square_on_the_film(self):
        volume = block(AIR_HU, shape=(40, 100, 16), spacing_mm=(1.0, 2.0, 2.5))
        volume.hu[10:30, :, 4:12] = WATER_HU  # 20 mm by 20 mm
        shadow = square_pixels(line_integrals(volume), 2.5)
        bright = shadow > shadow.max() / 2
        assert bright.shape == (40, 40)
        assert bright.any(axis=0).sum() == bright.any(axis=1).sum() == 20

    def test_resampling_keeps_a_uniform_field(self):
        np.testing.assert_allclose(square_pixels(np.full((7, 5), 0.25, np.float32), 2.5), 0.25, atol=1e-7)


class TestNifti:
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)

    def test_axes_scale_and_order(self, tmp_path):
        path = nifti(tmp_path / "ct.nii.gz", self.voxels, diagonal=(-0.5, 0.7, 2.5), slope=2.0, intercept=-1024.0)
        volume = read_nifti(path)
        np.testing.assert_array_equal(volume.hu, self.voxels * 2.0 - 1024)
        assert volume.spacing_mm == pytest.approx((0.5, 0.7, 2.5))

    def test_axes_that_run_the_other_way_are_turned(self, tmp_path):
        volume = read_nifti(nifti(tmp_path / "ct.nii.gz", self.voxels, diagonal=(1.0, -1.0, -1.0)))
        np.testing.assert_array_equal(volume.hu, self.voxels[::-1, ::-1, ::-1])

    @pytest.mark.parametrize(
        ("change", "message"),
        [({"magic": b"ni1\0"}, "not a single-file NIfTI-1"), ({"dtype": 16}, "little-endian int16")],
    )
    def test_other_kinds_are_refused(self, tmp_path, change, message):
        with pytest.raises(ImageError, match=message):
            read_nifti(nifti(tmp_path / "ct.nii.gz", self.voxels, **change))

    def test_a_cut_file_is_refused(self, tmp_path):
        path = nifti(tmp_path / "ct.nii.gz", self.voxels)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ImageError, match=r"not a readable \.nii\.gz"):
            read_nifti(path)
        path.write_bytes(gzip.compress(gzip.decompress(whole)[:-2]))
        with pytest.raises(ImageError, match="complete"):
            read_nifti(path)

    def test_no_file(self, tmp_path):
        with pytest.raises(ImageError, match="No such file"):
            read_nifti(tmp_path / "absent.nii.gz")


class TestFiles:
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)

    def test_png_keeps_sixteen_bits_and_the_spacing(self, tmp_path):
        write_png(tmp_path / "film.png", self.ramp, 0.5)
        with Image.open(tmp_path / "film.png") as image:
            np.testing.assert_array_equal(np.asarray(image), np.round(self.ramp[0] * 65535))
            assert 25.4 / image.info["dpi"][0] == pytest.approx(0.5, rel=1e-3)

    def test_dicom_is_a_chest_radiograph_with_its_orientation(self, tmp_path):
        pydicom = pytest.importorskip("pydicom")
        write_dicom(tmp_path / "film.dcm", self.ramp, 0.5)
        dataset = pydicom.dcmread(tmp_path / "film.dcm")
        np.testing.assert_array_equal(dataset.pixel_array, np.round(self.ramp[0] * 4095))
        assert (dataset.Modality, dataset.ViewPosition, dataset.PhotometricInterpretation) == (
            "DX",
            "AP",
            "MONOCHROME2",
        )
        assert list(dataset.PatientOrientation) == ["L", "F"]
        assert list(dataset.PixelSpacing) == [0.5, 0.5]

    def test_the_door_reads_back_what_was_written(self, tmp_path):
        pytest.importorskip("pydicom")
        pixels = np.linspace(0, 1, 64 * 80, dtype=np.float32).reshape(1, 64, 80)
        write_dicom(tmp_path / "film.dcm", pixels, 0.5)
        write_png(tmp_path / "film.png", pixels, 0.5)
        np.testing.assert_allclose(read_image(tmp_path / "film.dcm"), pixels, atol=0.5001 / 4095)
        np.testing.assert_allclose(read_image(tmp_path / "film.png"), pixels, atol=0.51 / 65535)

    def test_the_same_film_is_the_same_file(self, tmp_path):
        pytest.importorskip("pydicom")
        for name in ("a.dcm", "b.dcm"):
            write_dicom(tmp_path / name, self.ramp, 0.5)
        assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()

    def test_another_suffix_is_refused(self, tmp_path):
        with pytest.raises(ImageError, match=r"must end in \.dcm or \.png"):
            write_demo_film(tmp_path / "film.jpg")

    def test_dicom_without_pydicom_names_the_extra(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pydicom", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'radz\[dicom\]'"):
            write_demo_film(tmp_path / "film.dcm")

    def test_the_demonstration_film_is_made_from_the_ct(self, tmp_path, monkeypatch):
        monkeypatch.setattr(film_module, "chest_ct", lambda: block(WATER_HU, (4, 100, 6)))
        path = write_demo_film(tmp_path / "new" / "film.png")
        with Image.open(path) as image:
            assert image.size == (4, 18)

    def test_the_command_reports_an_error_in_one_line(self, tmp_path):
        command = [sys.executable, "-m", "radz.simulate", str(tmp_path / "film.txt")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("error: The film cannot be written")


@pytest.mark.slow
def test_the_real_ct_looks_like_a_chest():
    """Lungs dark, spine bright, heart to the patient's left, liver under the right lung."""
    from radz.simulate.ct import chest_ct

    pixels = radiograph(chest_ct())[0]
    height, width = pixels.shape
    right_lung, spine, left_lung = (pixels[height // 3, round(width * x)] for x in (0.25, 0.5, 0.75))
    assert max(right_lung, left_lung) < 0.35
    assert spine > 0.7
    beside_spine = pixels[round(height * 0.5) : round(height * 0.6)]
    heart, right_lung_base = (beside_spine[:, round(width * x) :][:, : width // 8].mean() for x in (0.58, 0.28))
    assert heart > right_lung_base + 0.1
    liver = pixels[round(height * 0.8), round(width * 0.25)]
    assert liver > 0.5

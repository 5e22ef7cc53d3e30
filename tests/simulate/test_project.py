"""Projection: physics with derivable values, orientation, and the real CT (slow)."""

from __future__ import annotations

import numpy as np
import pytest

from ct_fakes import AIR_HU, PADDING_HU, WATER_HU, block
from radz.simulate.ct import Volume
from radz.simulate.project import (
    MU_WATER_PER_MM,
    attenuation_per_mm,
    film,
    line_integrals,
    radiograph,
    square_pixels,
    transmission,
)


def test_water_attenuates_by_its_thickness():
    thickness_mm = 10 * 2.0
    expected = np.exp(-MU_WATER_PER_MM * thickness_mm)
    np.testing.assert_allclose(transmission(line_integrals(block(WATER_HU))), expected, rtol=1e-6)  # measured 6e-8


def test_water_halves_the_beam_at_its_half_value_layer():
    half_value_mm = np.log(2) / MU_WATER_PER_MM  # 36 mm at 70 keV
    slab = block(WATER_HU, spacing_mm=(1.0, half_value_mm / 10, 1.0))
    np.testing.assert_allclose(transmission(line_integrals(slab)), 0.5, rtol=1e-6)


@pytest.mark.parametrize("hu", [AIR_HU, PADDING_HU])
def test_air_and_padding_let_all_of_the_beam_through(hu):
    assert np.all(transmission(line_integrals(block(hu))) == 1)
    assert np.all(radiograph(block(hu)) == 0)


def test_twice_the_density_attenuates_twice():
    once, twice = line_integrals(block(WATER_HU)), line_integrals(block(1000.0))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


def test_attenuation_adds_along_a_ray_in_any_order():
    slab = block(WATER_HU)
    slab.hu[:, :3] = 500.0
    mirrored = Volume(slab.hu[:, ::-1].copy(), slab.spacing_mm)
    np.testing.assert_allclose(line_integrals(slab), line_integrals(mirrored), rtol=1e-6)
    np.testing.assert_allclose(line_integrals(slab), MU_WATER_PER_MM * 2.0 * (7 + 3 * 1.5), rtol=1e-6)


def test_attenuation_of_water_and_of_lung():
    mu = attenuation_per_mm(np.array([WATER_HU, -750.0], dtype=np.float32))
    np.testing.assert_allclose(mu, [MU_WATER_PER_MM, MU_WATER_PER_MM / 4], rtol=1e-6)


def test_the_film_is_linear_in_log_exposure_between_black_and_white():
    integrals = np.array([[0.5, 1.0, 2.0, 3.0, 4.0]], dtype=np.float32)
    np.testing.assert_allclose(film(transmission(integrals), window=(1.0, 3.0))[0, 0], [0, 0, 0.5, 1, 1], atol=1e-6)


def test_denser_is_brighter():
    thin, thick = (radiograph(block(hu, (4, 100, 6)))[0].mean() for hu in (-300.0, 0.0))
    assert 0 < thin < thick < 1


# ---- orientation


def test_patient_right_is_on_the_left_and_head_is_up():
    volume = block(AIR_HU, shape=(5, 4, 3))
    volume.hu[0, :, 2] = WATER_HU  # the patient's right shoulder
    bright = np.argwhere(line_integrals(volume) > 0)
    assert bright.tolist() == [[0, 0]]


def test_a_square_of_tissue_stays_square_on_the_film():
    volume = block(AIR_HU, shape=(40, 100, 16), spacing_mm=(1.0, 2.0, 2.5))
    volume.hu[10:30, :, 4:12] = WATER_HU  # 20 mm by 20 mm
    shadow = square_pixels(line_integrals(volume), 2.5)
    bright = shadow > shadow.max() / 2
    assert bright.shape == (40, 40)
    assert bright.any(axis=0).sum() == bright.any(axis=1).sum() == 20


def test_resampling_keeps_a_uniform_field():
    np.testing.assert_allclose(square_pixels(np.full((7, 5), 0.25, np.float32), 2.5), 0.25, atol=1e-7)


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

"""Near-duplicates: an image is recognised after another encoding, size or contrast, and no other image is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from image_fakes import fake_radiograph
from radz.imaging.near_duplicates import ALIKE, alike, fingerprints, grouped, thumbnail

CHANGES = {
    "jpeg": lambda image: as_jpeg(image, 40),
    "small": lambda image: image.resize((64, 64), Image.Resampling.BICUBIC),
    "gamma": lambda image: image.point(lambda value: int(255 * (value / 255) ** 1.4)),
    "contrast": lambda image: ImageOps.autocontrast(image, cutoff=2),
}


def as_jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def prints(images):
    return fingerprints(np.array([thumbnail(np.asarray(image, np.float32)[None] / 255) for image in images]))


@pytest.mark.parametrize("change", CHANGES)
def test_an_image_is_recognised_after(change):
    images = [fake_radiograph(seed) for seed in range(20)]
    pairs = [*alike(prints(images), prints([CHANGES[change](image) for image in images]))]
    assert [(i, j) for i, j, _ in pairs] == [(i, i) for i in range(20)]
    assert all(ALIKE <= cosine <= 1.001 for _, _, cosine in pairs)
    assert [*alike(prints(images))] == []


def test_a_flat_image_is_like_nothing():
    assert [*alike(prints([Image.new("L", (32, 32), 9)] * 2))] == []


def test_pairs_become_groups():
    assert grouped([(3, 4), (0, 2), (2, 7), (4, 9)]) == [[0, 2, 7], [3, 4, 9]]


def test_fingerprints_are_unit_rows_of_gradients_across_then_down():
    step = np.zeros((17, 17), np.float32)
    step[:, 8:] = 7  # one edge: the same gradient in each of the 16 rows, none down
    (row,) = fingerprints(step[np.newaxis]).astype(np.float64)
    assert row.shape == (512,)
    assert np.flatnonzero(row).tolist() == [16 * i + 7 for i in range(16)]
    np.testing.assert_allclose(row[row > 0], 0.25)

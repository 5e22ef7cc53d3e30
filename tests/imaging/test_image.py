"""An Image stands for its pixels wherever an array is taken."""

from __future__ import annotations

import numpy as np

from radz.imaging.image import Image

PIXELS = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)


def test_an_image_is_indexed_and_converted_as_its_pixels():
    image = Image(PIXELS)
    assert image[0].shape == (3, 4)
    assert image[0, 1, 2] == PIXELS[0, 1, 2]
    np.testing.assert_array_equal(image, PIXELS)
    assert np.shares_memory(np.asarray(image), PIXELS)
    assert not np.shares_memory(np.array(image), PIXELS)
    assert np.asarray(image, np.float64).dtype == np.float64


def test_facts_are_empty_where_nothing_states_them():
    image = Image(PIXELS)
    assert (image.modality, image.spacing_mm, image.notes) == ("", None, ())

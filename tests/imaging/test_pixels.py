"""What all readers share: scaling, grey from colour, and the test of polarity."""

from __future__ import annotations

import numpy as np
import pytest

from radz.data.corpora._fakes import fake_chest
from radz.errors import ImageError
from radz.imaging import pixels as _pixels
from radz.imaging.pixels import grey, looks_inverted, require_size, scale, stretch


def test_scale_maps_the_ends_to_zero_and_one_and_clips():
    values = np.array([[-5, 0, 5, 10, 20]], np.int16)
    np.testing.assert_allclose(scale(values, 0, 10), [[0, 0, 0.5, 1, 1]])
    assert (scale(values, 3, 3) == 0).all()


def test_bytes_over_255_in_one_pass_equal_the_general_way():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(scale(values, 0, 255), scale(values.astype(np.int16), 0, 255))


def test_stretch_takes_the_range_of_what_was_measured():
    values = np.array([[0, 50, 100]])
    np.testing.assert_allclose(stretch(values), [[0, 0.5, 1]])
    np.testing.assert_allclose(stretch(values, values[:, 1:]), [[0, 0, 1]])
    np.testing.assert_allclose(stretch(values, values[:, :0]), stretch(values))


def test_luminance_is_that_of_bt_601():
    rgb = np.zeros((1, 200, 3), np.uint8)
    rgb[0, 0] = (100, 110, 90)  # no colour yet: channels differ by 20
    assert grey(rgb)[0, 0] == pytest.approx((0.299 * 100 + 0.587 * 110 + 0.114 * 90) / 255)


def test_sizes_that_are_refused():
    require_size(8192, 8192)
    for width, height, reason in (
        (0, 5, "0 x 5 pixels"),
        (8193, 8192, r"= 67,117,056 pixels, the limit is 67,108,864"),
    ):
        with pytest.raises(ImageError, match=reason):
            require_size(width, height)


def test_polarity_test_is_antisymmetric_and_silent_in_doubt():
    film = fake_chest(0).astype(np.float32) / 255
    correlation = _pixels.layout_correlation(film)
    assert correlation > 0.5
    assert _pixels.layout_correlation(1 - film) == pytest.approx(-correlation, abs=1e-5)
    assert _pixels.layout_correlation(np.full((40, 40), 0.5, np.float32)) == 0
    assert not looks_inverted(1 - film[:20, :20])
    assert not looks_inverted(np.repeat(1 - film, 3, axis=0))

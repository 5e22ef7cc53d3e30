"""JPEG: the values of libjpeg, damage that it warns of, and bounds on scans."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from image_fakes import fake_radiograph
from radz.errors import ImageError
from radz.imaging.jpeg import MAX_SCANS, decode_jpeg, require_few_scans, require_sound_jpeg

SIDE = 256


def jpeg(mode="L", **options):
    buffer = io.BytesIO()
    fake_radiograph(0, SIDE).convert(mode).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_values_are_those_of_pillow(mode, progressive):
    content = jpeg(mode, progressive=progressive)
    values = decode_jpeg(content, SIDE, SIDE, colour=mode == "RGB")
    np.testing.assert_array_equal(values, np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize("reduced", [2, 4, 8])
def test_a_reduced_image_has_the_means_of_its_areas(reduced):
    content = jpeg()
    whole = decode_jpeg(content, SIDE, SIDE, colour=False).astype(float)
    means = whole.reshape(SIDE // reduced, reduced, SIDE // reduced, reduced).mean(axis=(1, 3))
    assert np.abs(decode_jpeg(content, SIDE, SIDE, colour=False, reduced=reduced) - means).max() <= 1.5


def damaged(content, kind):
    at, spoilt = len(content) // 2, bytearray(content)
    if kind == "zero":
        spoilt[at : at + 16] = bytes(16)
    elif kind == "repeated":
        spoilt[at:at] = spoilt[at - 64 : at]
    elif kind == "missing":
        del spoilt[at : at + 64]
    else:
        del spoilt[at:]
    return bytes(spoilt)


@pytest.mark.parametrize("kind", ["zero", "repeated", "missing", "short"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 8}], ids=str)
def test_damage_is_refused(kind, options):
    spoilt = damaged(jpeg(**options), kind)
    with pytest.raises(ImageError, match=r"the JPEG is damaged, truncated or corrupt \("):
        decode_jpeg(spoilt, SIDE, SIDE, colour=False)
    with pytest.raises(ImageError, match=r"the JPEG is damaged, truncated or corrupt \("):
        require_sound_jpeg(spoilt)


def test_bytes_behind_the_end_are_no_damage():
    content = jpeg() + b"appended by a camera"
    assert decode_jpeg(content, SIDE, SIDE, colour=False).shape == (SIDE, SIDE)


def bomb(scans):
    """A progressive JPEG whose last scan comes again and again."""
    content = jpeg(progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * scans + b"\xff\xd9"


@pytest.mark.parametrize("scans", [MAX_SCANS, 1500])
def test_many_scans_are_refused(scans):
    with pytest.raises(ImageError, match=rf"the JPEG has \d+ scans over 65,536 pixels; at most {MAX_SCANS} scans"):
        decode_jpeg(bomb(scans), SIDE, SIDE, colour=False)


def test_the_larger_the_image_the_fewer_scans():
    content = jpeg(progressive=True)
    require_few_scans(content, 8192 * 8192)
    require_few_scans(jpeg(), 8192 * 8192)
    with pytest.raises(ImageError, match=r"the JPEG has 2\d scans"):
        require_few_scans(bomb(20), 8192 * 8192)

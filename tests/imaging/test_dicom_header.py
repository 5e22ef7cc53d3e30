"""The layout of the pixels: what is required, and what must fit together."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from dicom_fakes import EXACT, RAMP, content, film
from radz.errors import ImageError
from radz.imaging.dicom_elements import Elements
from radz.imaging.dicom_file import parse_dicom
from radz.imaging.dicom_header import OVERLAY_BITS, Layout, layout_of

LAYOUT = Layout(16, 16, 1, "MONOCHROME2", planar=0, allocated=16, stored=12, high=11, signed=False)
KEYWORDS = [
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
]


def layout(ds):
    return layout_of(Elements(parse_dicom(content(ds), [*KEYWORDS, *OVERLAY_BITS]).dataset))


def test_a_layout_is_what_the_header_says():
    assert layout(film()) == LAYOUT
    ds = film(RAMP.astype(np.int16), HighBit=None)
    ds.add_new(0x60020102, "US", 13)
    ds.add_new(0x60000102, "US", 0)  # an overlay that lies elsewhere
    read = layout(ds)
    assert (read.signed, read.high, read.overlay) == (True, 11, {13})


@pytest.mark.parametrize("keyword", ["BitsStored", "PixelRepresentation", "SamplesPerPixel", "BitsAllocated"])
@pytest.mark.parametrize("empty", [False, True])
def test_what_is_missing_is_named(keyword, empty):
    ds = film(raw={keyword: b""}) if empty else film(**{keyword: None})
    with pytest.raises(ImageError, match=rf"{keyword} \(0028,....\) is missing or malformed"):
        layout(ds)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"BitsStored": 17}, r"BitsStored \(0028,0101\) is 17, allowed are 1 to 16, the bits allocated"),
        ({"BitsStored": 0, "HighBit": 0}, r"BitsStored \(0028,0101\) is 0, allowed are 1 to 16"),
        ({"SamplesPerPixel": 4}, r"SamplesPerPixel \(0028,0002\) is 4, which MONOCHROME2 does not allow"),
        ({"PhotometricInterpretation": "RGB"}, r"SamplesPerPixel \(0028,0002\) is 1, which RGB does not allow"),
        ({"Rows": 0}, r"the image is 16 x 0 pixels, which is nothing"),
        ({"SamplesPerPixel": 3}, r"16 bits a pixel; a radiograph has 8 to 16 \(8 a channel where it is RGB\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(tags, reason):
    with pytest.raises(ImageError, match=reason):
        layout(film(**tags))


def test_small_letters_and_blanks_are_no_other_interpretation(read):
    np.testing.assert_allclose(read(film(raw={"PhotometricInterpretation": b"monochrome2 "})), EXACT, atol=1e-6)

"""The display shutter: rectangle, circle, polygon, and shutters that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from dicom_fakes import film

FLASH = np.full((32, 40), 4095, np.uint16)
"""White but for one dark pixel in the middle, so that what is black in a plane was shuttered."""
FLASH[16, 20] = 1
ROW, COLUMN = np.mgrid[1:33, 1:41]
RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterUpperHorizontalEdge": 5,
    "ShutterLowerHorizontalEdge": 28,
    "ShutterLeftVerticalEdge": 3,
    "ShutterRightVerticalEdge": 30,
}
IN_RECTANGLE = (ROW >= 5) & (ROW <= 28) & (COLUMN >= 3) & (COLUMN <= 30)
CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [16, 20], "RadiusOfCircularShutter": 10}
IN_CIRCLE = (ROW - 16) ** 2 + (COLUMN - 20) ** 2 <= 100
POLYGON = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [2, 20, 30, 4, 30, 36]}
IN_POLYGON = (ROW <= 30) & (np.abs(COLUMN - 20) <= (ROW - 2) * 16 / 28)


def shown(load, **tags):
    image = load(film(FLASH, WindowCenter=2048, WindowWidth=4096, **tags))
    return image[0] > 0.5, image.notes


@pytest.mark.parametrize(("shutter", "inside"), [(RECTANGLE, IN_RECTANGLE), (CIRCLE, IN_CIRCLE)], ids=["box", "circle"])
def test_what_lies_outside_is_black(load, shutter, inside):
    visible, notes = shown(load, **shutter)
    inside = inside.copy()
    inside[16, 20] = False
    np.testing.assert_array_equal(visible, inside)
    assert notes == ()


def test_a_polygon_to_a_pixel_at_its_edges(load):
    visible, _ = shown(load, **POLYGON)
    visible[16, 20] = True
    assert (visible ^ IN_POLYGON).sum(axis=1).max() <= 2


def test_of_two_shapes_only_their_overlap_is_shown(load):
    visible, _ = shown(load, **(RECTANGLE | CIRCLE | {"ShutterShape": ["RECTANGULAR", "CIRCULAR"]}))
    visible[16, 20] = True
    np.testing.assert_array_equal(visible, IN_RECTANGLE & IN_CIRCLE)


@pytest.mark.parametrize(
    ("shutter", "note"),
    [
        ({"ShutterShape": "RECTANGULAR"}, "of an unknown kind or without its measures"),
        ({"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [16, 20]}, "without its measures"),
        ({"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [2, 20, 30]}, "without its measures"),
        ({"ShutterShape": "BITMAP"}, "of an unknown kind"),
        (RECTANGLE | {"ShutterUpperHorizontalEdge": 30}, "ShutterShape (0018,1600) is closed"),
    ],
)
def test_a_shutter_that_cannot_be_is_ignored(load, shutter, note):
    visible, notes = shown(load, **shutter)
    assert visible.sum() == visible.size - 1
    assert note in " ".join(notes)


def test_shuttered_pixels_are_no_part_of_the_range(read):
    stored = np.full((32, 40), 4000, np.uint16)
    stored[IN_RECTANGLE] = np.linspace(100, 200, IN_RECTANGLE.sum()).astype(np.uint16)
    plane = read(film(stored, **RECTANGLE))
    assert plane[IN_RECTANGLE].max() == 1
    assert not plane[~IN_RECTANGLE].any()

"""The display shutter of DICOM, which hides what lies outside."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from radz.imaging.dicom_elements import Elements

Shape = tuple[int, int]
_EDGES = (
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
)


def shuttered(elements: Elements, shape: Shape) -> NDArray[np.bool_]:
    """Which pixels (H, W) lie outside the display shutter; of several shapes only the overlap is visible.

    A shape without its measures, and a shutter that would hide everything, are ignored and noted.
    """
    hidden = np.zeros(shape, np.bool_)
    for name in filter(None, (part.strip() for part in elements.text("ShutterShape").upper().split("\\"))):
        inside = _SHAPES[name](elements, shape) if name in _SHAPES else None
        if inside is None:
            elements.ignore("ShutterShape", "of an unknown kind or without its measures")
        else:
            hidden |= ~inside
    if hidden.all():
        elements.ignore("ShutterShape", "closed")
        return np.zeros(shape, np.bool_)
    return hidden


def _rectangle(elements: Elements, shape: Shape) -> NDArray[np.bool_] | None:
    """Pixels (H, W) from the upper left to the lower right edge, both included; rows and columns count from 1."""
    edges = [elements.number(keyword) for keyword in _EDGES]
    if None in edges:
        return None
    top, bottom, left, right = (edge or 0 for edge in edges)
    row, column = np.ogrid[1 : shape[0] + 1, 1 : shape[1] + 1]
    return np.asarray((row >= top) & (row <= bottom) & (column >= left) & (column <= right))


def _circle(elements: Elements, shape: Shape) -> NDArray[np.bool_] | None:
    """Pixels (H, W) within the radius of the centre."""
    centre, radius = elements.numbers("CenterOfCircularShutter"), elements.number("RadiusOfCircularShutter")
    if len(centre) != 2 or radius is None:
        return None
    row, column = np.ogrid[1 : shape[0] + 1, 1 : shape[1] + 1]
    return np.asarray((row - centre[0]) ** 2 + (column - centre[1]) ** 2 <= radius**2)


def _polygon(elements: Elements, shape: Shape) -> NDArray[np.bool_] | None:
    """Pixels (H, W) inside the polygon or on its edges."""
    numbers = elements.numbers("VerticesOfThePolygonalShutter")
    if len(numbers) < 6 or len(numbers) % 2 or not all(map(math.isfinite, numbers)):
        return None
    mask = Image.new("1", (shape[1], shape[0]))
    vertices = [(column - 1, row - 1) for row, column in zip(numbers[::2], numbers[1::2], strict=True)]
    ImageDraw.Draw(mask).polygon(vertices, fill=1, outline=1)
    return np.asarray(mask)


_SHAPES: dict[str, Callable[[Elements, Shape], NDArray[np.bool_] | None]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}

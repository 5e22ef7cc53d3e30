"""From stored values to the image on display: modality transformation, VOI table or window, padding and shutter.

Windows are computed here because pydicom refuses widths that real files have, and its output range depends on bits,
sign and slope; here a window always maps to [0, 1].
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.imaging.dicom_elements import Elements
from radz.imaging.dicom_table import first_table, read_palette
from radz.imaging.pixels import Plane, grey, scale, stretch

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def displayed(values: NDArray[Any], elements: Elements, hidden: NDArray[np.bool_], *, inverted: bool) -> Plane:
    """Stored values (H, W) -> plane (H, W) in [0, 1]; ``hidden`` pixels (H, W) are 0 and not part of the range.

    inverted: whether low values are bright, as in MONOCHROME1.
    """
    plane = _windowed(_rescaled(values, elements), elements, ~hidden)
    if inverted:
        plane = 1 - plane
    plane[hidden] = 0
    return plane


def coloured(values: NDArray[Any], elements: Elements) -> Plane:
    """Values of a palette (H, W) -> luminance (H, W). Raises ImageError for a palette in colour."""
    tables = read_palette(elements)
    rgb = np.stack([table.lookup(values) for table in tables], axis=-1)
    # Some writers declare entries of 16 bits and fill only the low byte.
    wide = max(table.bits for table in tables) > 8 and max(int(table.entries.max()) for table in tables) > 255
    return grey(rgb if wide else rgb.astype(np.uint8))


def _rescaled(values: NDArray[Any], elements: Elements) -> NDArray[Any]:
    """Values (H, W) through the modality table, or times slope plus intercept where both are given."""
    table = first_table(elements, "ModalityLUTSequence")
    if table is not None:
        return table.lookup(values)
    slope, intercept = elements.number("RescaleSlope"), elements.number("RescaleIntercept")
    if slope == 0:
        elements.ignore("RescaleSlope", "0")
    if not slope or intercept is None or (slope, intercept) == (1, 0):
        return values
    return values * slope + intercept


def _windowed(values: NDArray[Any], elements: Elements, measured: NDArray[np.bool_]) -> Plane:
    """Values (H, W) through the first VOI table or window; without, the range of the ``measured`` ones (H, W)."""
    table = first_table(elements, "VOILUTSequence")
    if table is not None:
        return scale(table.lookup(values), float(table.entries.min()), float(table.entries.max()))
    window = _window(elements)
    if window is None:
        return stretch(values, values[measured])
    return _through(values, *window, _function(elements))


def _through(values: NDArray[Any], centre: float, width: float, function: str) -> Plane:
    """Values (H, W) through a window, in [0, 1]. DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3."""
    if function == "SIGMOID":
        steepness = np.clip(-4 * (values - centre) / width, -80, 80)
        return np.asarray(1 / (1 + np.exp(steepness)), np.float32)
    if function == "LINEAR_EXACT" or width < 1:  # LINEAR is not defined below 1; files with small slopes need it
        return scale(values, centre - width / 2, centre + width / 2)
    if width == 1:
        return np.asarray(values > centre - 0.5, np.float32)
    return scale(values, centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2)


def _window(elements: Elements) -> tuple[float, float] | None:
    """Centre and width of the first usable window."""
    centres, widths = elements.numbers("WindowCenter"), elements.numbers("WindowWidth")
    for centre, width in zip(centres, widths, strict=False):
        if math.isfinite(centre) and math.isfinite(width) and width > 0:
            return centre, width
    if centres and widths:
        elements.ignore("WindowWidth", "not above 0")
    return None


def _function(elements: Elements) -> str:
    function = elements.text("VOILUTFunction").upper()
    if function in _FUNCTIONS:
        return function
    if "VOILUTFunction" in elements.dataset:
        elements.ignore("VOILUTFunction", "unknown" if function else "empty")
    return "LINEAR"

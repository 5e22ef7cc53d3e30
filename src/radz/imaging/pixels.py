"""What every image reader shares: limits, scaling, colour and polarity. Reasons are raised without the file's name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radz.errors import ImageError

MAX_PIXELS = 8192 * 8192
"""Largest image that is decoded; the largest detectors and mammograms have about 30 million pixels."""
TINT = 24
"""Difference of an 8-bit pixel's channels up to which it counts as grey; JPEG chroma rounding gives up to 4."""
MAX_COLOURED = 0.01
"""Share of coloured pixels (a caption, a marker) up to which an image counts as grey."""
INVERTED_BELOW = -0.5
"""Correlation with the chest layout below which an image counts as inverted; measured in ``looks_inverted``."""

FLAT = "every pixel has the same value; there is nothing in this image. Leave it out."

Plane = NDArray[np.float32]

_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow
_CHEST_LEFT_HALF = (
    (-9, -8, -5, 0),
    (-2, -1, -3, 0),
    (1, 0, -4, -1),
    (0, 0, -4, 1),
    (-1, 0, -1, 4),
    (-3, 1, 3, 6),
    (-4, 3, 6, 7),
    (-4, 4, 7, 8),
)


def require_size(width: int, height: int) -> None:
    """Raise ImageError if an image is empty or larger than ``MAX_PIXELS``; called before pixels are decoded."""
    if width < 1 or height < 1:
        raise ImageError(f"the image is {width} x {height} pixels, which is nothing. Export it again.")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"the image is {width} x {height} = {width * height:,} pixels, the limit is {MAX_PIXELS:,}. "
            "Reduce it first; models see a few hundred pixels a side."
        )


def scale(values: NDArray[Any], low: float, high: float) -> Plane:
    """``values`` (H, W) with ``low`` at 0 and ``high`` at 1, clipped, float32; zeros where ``low`` equals ``high``."""
    if low == high:
        return np.zeros(values.shape, np.float32)
    if values.dtype == np.uint8 and (low, high) == (0, 255):  # the same values in one pass instead of four
        whole: Plane = np.divide(values, np.float32(255), dtype=np.float32)
        return whole
    scaled = values.astype(np.float32)
    scaled -= np.float32(low)
    scaled /= np.float32(high - low)
    return np.clip(scaled, 0, 1, out=scaled)


def stretch(values: NDArray[Any], over: NDArray[Any] | None = None) -> Plane:
    """``values`` (H, W) with the smallest value of ``over`` at 0 and its largest at 1; by default of themselves.

    Raises ImageError for NaN and infinite values.
    """
    over = values if over is None or over.size == 0 else over
    low, high = float(over.min()), float(over.max())
    if not np.isfinite((low, high)).all():
        raise ImageError("the image holds NaN or infinite values. Replace them; they are no measurement.")
    return scale(values, low, high)


def grey(rgb: NDArray[Any]) -> Plane:
    """Colour of 8 or 16 bits (H, W, 3) of a grey image -> luminance (H, W) in [0, 1].

    Equal channels are taken as they are. Raises ImageError if more than ``MAX_COLOURED`` of it has colour.
    """
    spread = rgb.max(axis=-1) - rgb.min(axis=-1)
    whole = np.iinfo(rgb.dtype).max
    coloured = float((spread > TINT * (whole // 255)).mean())
    if coloured > MAX_COLOURED:
        raise ImageError(
            f"{coloured:.0%} of the pixels are coloured, at most {MAX_COLOURED:.0%} may be (a marker or caption). "
            "A radiograph is grey: export it without overlays, not as a photograph or screenshot."
        )
    if not spread.any():
        return scale(rgb[..., 0], 0, whole)
    return scale(sum(w * rgb[..., c].astype(np.float32) for c, w in enumerate(_LUMINANCE)), 0, whole)  # type: ignore[arg-type]


def looks_inverted(pixels: NDArray[np.float32]) -> bool:
    """Whether a radiograph (H, W) or (1, H, W) has dark bones and bright lungs. Conservative: False where in doubt.

    Its 8 x 8 thumbnail is correlated with the layout of an upright frontal chest radiograph (symmetrised mean of
    the 1,264 ChestX-ray14 images of our training split, in ninths of its peak): dark air in the upper corners and
    lungs, bright mediastinum and abdomen.

    Measured on 4,607 real images, threshold -0.5: of 3,308 chest radiographs (frontal and lateral, adults and
    children, 64 px and larger) it fires on one, which is indeed inverted; of 1,299 CT, MR and hand images on none.
    It detects 93 % of inverted chest radiographs (97 % in ChestX-ray14 patients that did not shape the layout).
    Other body parts, once inverted, are mostly missed. Images under 32 pixels a side or more than twice as long
    as wide cannot be chest radiographs and never fire.
    """
    short, long = sorted(pixels.shape[-2:])
    return short >= 32 and long <= 2 * short and layout_correlation(pixels) < INVERTED_BELOW


def layout_correlation(pixels: NDArray[np.float32]) -> float:
    """Correlation, -1 to 1, of an image (H, W) or (1, H, W) with the layout of a chest; 0 for a flat thumbnail."""
    plane = Image.fromarray(pixels.reshape(pixels.shape[-2:]))
    thumbnail = np.asarray(plane.resize((8, 8), Image.Resampling.BOX), np.float64).ravel()
    left = np.array(_CHEST_LEFT_HALF, np.float64)
    layout = np.hstack([left, left[:, ::-1]]).ravel()
    thumbnail, layout = thumbnail - thumbnail.mean(), layout - layout.mean()
    length = float(np.linalg.norm(thumbnail) * np.linalg.norm(layout))
    return float(thumbnail @ layout) / length if length > 0 else 0.0

"""JPEG decoded by a decoder that reports damage, with bounds on its scans.

Pillow drops the warnings of libjpeg, so it decodes a file whose lower part is shifted or missing without a word.
simplejpeg wraps the same library, gives the same values, and raises an error where libjpeg warns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from radz.errors import ImageError

MAX_SCANS = 100
"""Most scans of one image; a progressive JPEG has about ten."""
MAX_SCANNED_PIXELS = 1 << 30
"""Most pixels times scans, as each scan of a progressive JPEG goes over the whole image."""
_SCAN = b"\xff\xda"


def decode_jpeg(content: bytes, width: int, height: int, *, colour: bool, reduced: int = 1) -> NDArray[np.uint8]:
    """Values (H, W) of a JPEG or, of a ``colour`` one, (H, W, 3).

    reduced: 2, 4 or 8 gives means of areas of so many pixels a side, (ceil(H / reduced), ceil(W / reduced)).
    Raises ImageError if it has too many scans and where libjpeg finds its data truncated or corrupt.
    """
    require_few_scans(content, width * height)
    least = {"min_height": -(-height // reduced), "min_width": -(-width // reduced)} if reduced > 1 else {}
    values: NDArray[Any] = _decoded(content, "RGB" if colour else "GRAY", least)
    return values if colour else values[..., 0]


def require_sound_jpeg(content: bytes) -> None:
    """Raise ImageError for an 8-bit JPEG whose data are truncated or corrupt. It is decoded whole."""
    _decoded(content, "GRAY", {})


def require_few_scans(content: bytes, pixels: int) -> None:
    """Raise ImageError for a JPEG whose scans would take too long."""
    scans = content.count(_SCAN)  # more than there are where other segments hold these bytes too
    if scans > MAX_SCANS or (scans > 1 and scans * pixels > MAX_SCANNED_PIXELS):
        raise ImageError(
            f"the JPEG has {scans} scans over {pixels:,} pixels; at most {MAX_SCANS} scans and {MAX_SCANNED_PIXELS:,} "
            "pixels times scans are decoded. Save it as a baseline JPEG or as PNG."
        )


def _decoded(content: bytes, colours: str, least: dict[str, int]) -> NDArray[Any]:
    """Values (H, W, 1) or (H, W, 3); ``least`` bounds the size of a reduced image from below."""
    try:
        values: NDArray[Any] = simplejpeg.decode_jpeg(content, colours, **least)
    except ValueError as error:
        raise ImageError(
            f"the JPEG is damaged, truncated or corrupt ({str(error).rstrip('.')}). Export it again."
        ) from None
    return values

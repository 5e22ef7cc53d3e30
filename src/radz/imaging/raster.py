"""PNG, JPEG and TIFF to a plane of [0, 1]; called through ``radz.imaging.read`` only."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from radz.errors import ImageError
from radz.imaging.pixels import FLAT, MAX_PIXELS, Plane, grey, require_size, scale, stretch

FORMATS = ("PNG", "JPEG", "TIFF")
THUMBNAIL = 17
"""Side of a thumbnail: 16 differences of neighbours a row."""
_LEAST = 3 * THUMBNAIL
"""Shortest side to which a JPEG is decoded for a thumbnail."""
_PHOTOMETRIC_TAG = 262
_WHITE_IS_ZERO = 0


def read_raster(file: BinaryIO, window: tuple[float, float] | None = None) -> Plane:
    """A file -> plane (H, W) as a viewer would show it: upright, 8-bit values over 255, deeper ones stretched.

    window: stored values of a deeper file that become 0 and 1. Raises ImageError for other formats, several images
    in one file, too many pixels, transparency and colour, and for a window of an 8-bit file.
    """
    with _open(file) as image:
        require_size(*image.size)
        _require_single(image)
        white_is_zero = _is_deep(image) and _declares_white_is_zero(image)
        ImageOps.exif_transpose(image, in_place=True)
        pixels = _values(image, window)
    return 1 - pixels if white_is_zero else pixels


def read_thumbnail(file: BinaryIO) -> NDArray[np.uint8] | None:
    """A file -> means over a grid of areas, (17, 17), of a grey 8-bit image; ``None`` for other kinds of image.

    Refuses what ``read_raster`` refuses: every byte is decoded. A JPEG decoder may give means of 2 x 2, 4 x 4
    or 8 x 8 pixels, which is faster than all pixels and their means.
    """
    with _open(file) as image:
        require_size(*image.size)
        _require_single(image)
        if image.mode != "L":
            return None
        means = _means(image)
    if len(set(means.getextrema())) == 1:
        _require_contrast(file)
    return np.asarray(means)


def _means(image: Image.Image) -> Image.Image:
    """Means over 17 x 17 areas of the upright image."""
    reduced = None
    if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
        reduced = image.draft("L", (_LEAST, _LEAST))
    else:
        ImageOps.exif_transpose(image, in_place=True)
    # The last row and column of a reduced image may reach beyond the original; the box ends where the original does.
    return image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX, None if reduced is None else reduced[1])


def _require_contrast(file: BinaryIO) -> None:
    """Raise ImageError where every pixel has the same value; equal means do not prove it."""
    with _open(file) as image:
        if len(set(image.getextrema())) == 1:
            raise ImageError(FLAT)


def _open(file: BinaryIO) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise ImageError(
            "not an image that radz reads. Allowed: PNG, JPEG, TIFF and DICOM, recognised by content, not by name."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"the image has far more pixels than the limit of {MAX_PIXELS:,}. Reduce it first.") from None


def _require_single(image: Image.Image) -> None:
    count = getattr(image, "n_frames", 1)
    if count > 1:
        raise ImageError(f"the file holds {count} images (multi-frame). Save each radiograph as a separate file.")


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _declares_white_is_zero(image: Image.Image) -> bool:
    # Pillow turns WhiteIsZero round for 1- and 8-bit TIFF, and leaves deeper ones as they are stored.
    tags = getattr(image, "tag_v2", {})
    return bool(tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO)


def _values(image: Image.Image, window: tuple[float, float] | None) -> Plane:
    """Decoded values (H, W) in [0, 1], stored polarity."""
    if _is_deep(image):
        # 16-bit files rarely say how many of their bits are used, so the values themselves are the range.
        return stretch(np.asarray(image)) if window is None else scale(np.asarray(image), *window)
    if window is not None:
        raise ImageError("a window was given, but the file has 8 bits a pixel: its values are those of a display.")
    if image.mode in ("1", "L"):
        return scale(np.asarray(image if image.mode == "L" else image.convert("L")), 0, 255)
    _require_opaque(image)
    return grey(np.asarray(image.convert("RGB")))


def _require_opaque(image: Image.Image) -> None:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return
    if np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        raise ImageError("the image is partly transparent. Flatten it, so that its values are unambiguous.")

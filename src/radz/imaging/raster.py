"""PNG, JPEG and TIFF to a plane of [0, 1]; called through ``radz.imaging.read`` only."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from radz.errors import ImageError, printable
from radz.imaging.jpeg import decode_jpeg
from radz.imaging.pixels import FLAT, MAX_PIXELS, Plane, grey, require_size, scale, stretch
from radz.imaging.subprocess_decoder import DECODER
from radz.imaging.tiff import require_bounded

FORMATS = ("PNG", "JPEG", "TIFF")
THUMBNAIL = 17
"""Side of a thumbnail: 16 differences of neighbours a row."""
_LEAST = 3 * THUMBNAIL
"""Shortest side to which a JPEG is decoded for a thumbnail."""
_JPEG_REDUCTIONS = (8, 4, 2)
_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PHOTOMETRIC_TAG = 262
_WHITE_IS_ZERO = 0


def read_raster(content: bytes, window: tuple[float, float] | None = None) -> Plane:
    """The bytes of a file -> plane (H, W) as a viewer would show it: upright, 8-bit values over 255, deeper stretched.

    window: stored values of a deeper file that become 0 and 1. Raises ImageError for other formats, several images
    in one file, too many pixels, damage, transparency and colour, and for a window of an 8-bit file.
    """
    with _open(content) as image:
        white_is_zero = _is_deep(image) and _declares_white_is_zero(image)
        pixels = _values(_upright(_decoded(image, content)), window)
    return 1 - pixels if white_is_zero else pixels


def read_thumbnail(content: bytes) -> NDArray[np.uint8] | None:
    """The bytes of a file -> means over a grid of areas, (17, 17), of a grey 8-bit image; ``None`` for other kinds.

    Refuses what ``read_raster`` refuses: every byte is decoded. A JPEG may be decoded to means of 2 x 2, 4 x 4 or
    8 x 8 pixels, which is faster than all pixels and their means.
    """
    with _open(content) as image:
        if image.mode != "L":
            return None
        means = np.asarray(_means(image, content))
        if means.min() == means.max():
            _require_contrast(_decoded(image, content))
    return means


def _open(content: bytes) -> Image.Image:
    """The image, its header read and checked, its pixels not decoded."""
    if content.startswith(_TIFF):
        _require_single_tiff(content)
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        if content.startswith(_JPEG):
            raise ImageError(
                "this JPEG cannot be read: its header is damaged, or it is lossless or of more than 8 bits. Convert it "
                "to PNG."
            ) from None
        raise ImageError(
            "not an image that radz reads. Allowed: PNG, JPEG, TIFF and DICOM, recognised by content, not by name."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"the image has far more pixels than the limit of {MAX_PIXELS:,}. Reduce it first.") from None
    except OSError as error:
        raise _refused(error, "file") from None
    require_size(*image.size)
    _require_single(image)
    if exif := _exif(image):
        require_bounded(exif)
    if image.format == "PNG":
        _require_checksums(content)
    return image


def _require_single_tiff(content: bytes) -> None:
    """Raise ImageError for a second image. Pillow would count all of them, in time that grows with their square."""
    if require_bounded(content).following:
        raise ImageError("the file holds several images (multi-frame). Save each radiograph as a separate file.")


def _require_single(image: Image.Image) -> None:
    count = 1 if image.format == "TIFF" else getattr(image, "n_frames", 1)
    if count > 1:
        raise ImageError(f"the file holds {count} images (multi-frame). Save each radiograph as a separate file.")


def _require_checksums(content: bytes) -> None:
    """Raise ImageError if a checksum of a PNG does not fit; Pillow compares them only where it is asked to."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            image.verify()
    except (SyntaxError, OSError) as error:
        raise ImageError(f"the PNG is damaged, truncated or corrupt ({error}). Export it again.") from None


def _decoded(image: Image.Image, content: bytes, reduced: int = 1) -> Image.Image:
    """The image with its pixels; a grey or RGB JPEG by a decoder that reports damage, ``reduced`` as it says."""
    if image.format == "TIFF" and image.info.get("compression", "raw") != "raw":
        return _from_libtiff(content)
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        _load(image)
        return image
    values = decode_jpeg(content, *image.size, colour=image.mode == "RGB", reduced=reduced)
    decoded = Image.fromarray(values)
    decoded.getexif()[ExifTags.Base.Orientation] = _orientation(image)
    return decoded


def _from_libtiff(content: bytes) -> Image.Image:
    """The upright image of a compressed TIFF, decoded in a worker process, as libtiff only prints what is damaged."""
    image, printed = DECODER.call(decode_tiff, content)
    if printed:
        raise ImageError(
            f"the TIFF is damaged, truncated or corrupt ({printable(printed.splitlines()[0])}). Export it again."
        )
    return image


def decode_tiff(content: bytes) -> Image.Image:
    """The upright image of a TIFF with its pixels; runs in a worker process."""
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        _load(image)
        return image.copy()


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except OSError as error:
        raise _refused(error, str(image.format)) from None


def _refused(error: OSError, what: str) -> Exception:
    """The error to raise for one of Pillow's: only where it says so, the file is truncated."""
    if "truncated" not in str(error).lower():
        return error
    return ImageError(f"the {what} is damaged, truncated or corrupt ({error}). Export it again.")


def _exif(image: Image.Image) -> bytes:
    """EXIF data as Pillow will parse them, without their signature; none for TIFF, whose fields are its own."""
    data = bytes(image.info.get("exif") or b"")
    profile = image.info.get("Raw profile type exif")
    if not data and profile:
        data = bytes.fromhex("".join(str(profile).split("\n")[3:]))
    return data.removeprefix(b"Exif\0\0")


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _means(image: Image.Image, content: bytes) -> Image.Image:
    """Means over 17 x 17 areas of the upright image."""
    is_reducible = image.format == "JPEG" and _orientation(image) == 1
    fitting = (step for step in _JPEG_REDUCTIONS if min(image.size) >= _LEAST * step)
    reduced = next(fitting, 1) if is_reducible else 1
    # The last row and column of a reduced image may reach beyond the original; the box ends where the original does.
    box = (0.0, 0.0, image.width / reduced, image.height / reduced) if reduced > 1 else None
    return _upright(_decoded(image, content, reduced)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX, box)


def _require_contrast(image: Image.Image) -> None:
    """Raise ImageError if every pixel has the same value; equal means do not prove it."""
    if len(set(image.getextrema())) == 1:
        raise ImageError(FLAT)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _declares_white_is_zero(image: Image.Image) -> bool:
    # Pillow inverts WhiteIsZero for 1- and 8-bit TIFF, and leaves deeper ones as they are stored.
    tags = getattr(image, "tag_v2", {})
    return bool(tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO)


def _values(image: Image.Image, window: tuple[float, float] | None) -> Plane:
    """Decoded values (H, W) in [0, 1], stored polarity."""
    if _is_deep(image):
        # 16-bit files rarely say how many of their bits are used, so the values themselves are the range.
        return stretch(np.asarray(image)) if window is None else scale(np.asarray(image), *window)
    if window is not None:
        raise ImageError(
            "a window was given, but the file has 8 bits a pixel: its values are those of a display. "
            "Leave the window out."
        )
    if image.mode in ("1", "L"):
        return scale(np.asarray(image if image.mode == "L" else image.convert("L")), 0, 255)
    _require_opaque(image)
    return grey(np.asarray(image.convert("RGB")))


def _require_opaque(image: Image.Image) -> None:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return
    if np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        raise ImageError("the image is partly transparent. Flatten it, so that its values are unambiguous.")

"""The only door for pixels: a file becomes an Image, float32 (1, H, W) in [0, 1], bright = dense, or an ImageError.

Contrast is never adapted to the image beyond mapping the file's range to [0, 1]:

- 8-bit (and 1-bit) PNG, JPEG, TIFF: stored values over 255.
- Deeper PNG and TIFF: the smallest value at 0, the largest at 1, as such files do not declare their range; or the ends
  of the ``window`` that the caller knows from elsewhere.
- DICOM: rescale or modality table, then the first VOI table or window, whose whole output range becomes [0, 1];
  without either, smallest to largest value. Padding and what the display shutter hides are 0. MONOCHROME1 is inverted.

PNG and JPEG do not say whether bright is dense. Files are trusted, and refused where they look inverted, until
the caller says ``inverted=True`` or ``inverted=False``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radz.errors import ImageError, MissingExtraError, printable
from radz.imaging.find import DICOM_SUFFIXES, NO_IMAGE, starts_as_dicom
from radz.imaging.image import Image
from radz.imaging.pixels import FLAT, Plane, looks_inverted
from radz.imaging.raster import read_raster, read_thumbnail
from radz.storage import content_hash

MAX_BYTES = 1 << 30
"""Largest file that is opened: ``MAX_PIXELS`` in three 16-bit channels take less than half."""


def read_image(path: str | Path, *, inverted: bool | None = None, window: tuple[float, float] | None = None) -> Image:
    """One radiograph: pixels float32, shape (1, H, W), in [0, 1], bright = dense, and the facts of its header.

    The file is opened once.

    inverted: True inverts the file's values, False takes them as they are, None takes them and refuses an image that
    looks inverted (``looks_inverted`` gives the test and its measured errors).
    window: of a PNG or TIFF deeper than 8 bits, the stored values that become 0 and 1; values beyond are clipped.

    Raises ImageError if the file is missing, damaged, too large, coloured, multi-frame, empty of content or of
    unknown polarity, or takes no window; MissingExtraError if the DICOM packages are not installed.
    """
    path = Path(path)
    with _reasons_named(path):
        image = _decode(_content(path), path.suffix.lower(), inverted, window)
        plane = image.pixels[0]
        _require_content(plane)
        if inverted is None and looks_inverted(plane):
            raise ImageError(
                "the image looks inverted (bright lungs, dark bones). Set the option inverted: True to invert it, "
                "False if it is right as it is."
            )
    return image


def survey_image(path: Path) -> tuple[bytes, NDArray[np.uint8] | None]:
    """SHA-256 of a file, and the thumbnail (17, 17) of its image where it is a grey 8-bit PNG, JPEG or TIFF.

    The file is read once and its image decoded whole, so that damage is found; other kinds are left to
    ``read_image``. Raises ImageError as that does.
    """
    with _reasons_named(path):
        content = _content(path)
        digest = bytes.fromhex(content_hash(content))
        if starts_as_dicom(content) or path.suffix.lower() in DICOM_SUFFIXES:
            return digest, None
        return digest, read_thumbnail(content)


@contextmanager
def _reasons_named(path: Path) -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{printable(str(path))}: {error}") from None
    except MissingExtraError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes; one bad file must not end a batch
        reason = printable(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
        raise ImageError(
            f"{printable(str(path))}: cannot be decoded ({reason}). Open it in a viewer: if it is sound, convert it to "
            "PNG or to an uncompressed DICOM syntax; if not, export it again."
        ) from error


def _content(path: Path) -> bytes:
    """All bytes of a regular file; its size is checked before it is read."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise ImageError(_why_no_image(path))
        if not stat.S_ISREG(path.stat().st_mode):
            raise ImageError("this is a device or pipe, not a file. Save the image to a file first.")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                raise ImageError("the file is empty (0 bytes). Copy or export it again.")
            if size > MAX_BYTES:
                raise ImageError(f"the file has {size:,} bytes, the limit is {MAX_BYTES:,}. Reduce it first.")
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        kind = "this is a link to a file that does not exist." if path.is_symlink() else "there is no such file."
        raise ImageError(f"{kind} Check the name.") from None
    except OSError as error:
        raise ImageError(f"the file cannot be opened ({error.strerror}). Check its permissions.") from None


def _why_no_image(folder: Path) -> str:
    if folder.is_symlink():
        return "this is a link to a folder, which is not followed. Name the folder itself."
    if not os.access(folder, os.R_OK | os.X_OK):
        return "this folder cannot be listed. Check its permissions."
    return f"this is a folder, not an image, or {NO_IMAGE}"


def _decode(content: bytes, suffix: str, inverted: bool | None, window: tuple[float, float] | None) -> Image:
    if not starts_as_dicom(content):
        if suffix in DICOM_SUFFIXES:
            raise ImageError(
                "named as DICOM, but the marker 'DICM' after 128 bytes is missing, and the file does not start with a "
                "data set. Export it again, or give it the suffix of its format."
            )
        plane = read_raster(content, window)
        return Image((1 - plane if inverted else plane)[np.newaxis], inverted=bool(inverted))
    if window is not None:
        raise ImageError("a window was given, but a DICOM file has its own. Leave the window out.")
    return _read_dicom(content, inverted)


def _read_dicom(content: bytes, inverted: bool | None) -> Image:
    try:
        import pydicom  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("Reading DICOM files", "pydicom", "dicom") from None
    from radz.imaging.dicom import read_dicom

    return read_dicom(content, inverted)


def _require_content(plane: Plane) -> None:
    """Raise ImageError for a plane (H, W) with values that are not finite, or all the same."""
    low, high = plane.min(), plane.max()  # NaN if any value is
    if not np.isfinite((low, high)).all():
        raise ImageError("the image holds NaN or infinite values. Replace them; they are no measurement.")
    if low == high:
        raise ImageError(FLAT)

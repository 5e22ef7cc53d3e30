"""The only door for pixels: a file becomes float32 (1, H, W) in [0, 1], bright = dense, or an ImageError.

Contrast is never adapted to the image beyond mapping the file's range to [0, 1]:

- 8-bit (and 1-bit) PNG, JPEG, TIFF: stored values over 255.
- Deeper PNG and TIFF: the smallest value at 0, the largest at 1, as such files do not declare their range; or the ends
  of the ``window`` that the caller knows from elsewhere.
- DICOM: rescale or modality table, then the first VOI table or window, whose whole output range becomes [0, 1];
  without either, smallest to largest value. Padding is 0. MONOCHROME1 is inverted.

PNG and JPEG do not say whether bright is dense. Files are trusted, and refused where they look inverted, until
the caller says ``inverted=True`` or ``inverted=False``.
"""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from radz.errors import ImageError, MissingExtraError
from radz.imaging.pixels import FLAT, MAX_PIXELS, Plane, looks_inverted
from radz.imaging.raster import read_raster, read_thumbnail
from radz.types import Pixels

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "ImageKind",
    "find_images",
    "is_dicom",
    "looks_inverted",
    "read_image",
    "read_kind",
    "survey_image",
]

DICOM_SUFFIXES = (".dcm", ".dicom")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", *DICOM_SUFFIXES)
MAX_BYTES = 1 << 30
"""Largest file that is opened: ``MAX_PIXELS`` in three 16-bit channels take less than half."""


def read_image(path: Path, *, inverted: bool | None = None, window: tuple[float, float] | None = None) -> Pixels:
    """Pixels of one radiograph: float32, shape (1, H, W), in [0, 1], bright = dense.

    inverted: True turns the file's values round, False takes them as they are, None takes them and refuses a film
    that looks inverted (``looks_inverted`` gives the test and its measured errors).
    window: of a PNG or TIFF deeper than 8 bits, the stored values that become 0 and 1; what lies beyond is clipped.

    Raises ImageError where the file is missing, damaged, too large, coloured, multi-frame, empty of content or of
    unknown polarity, or takes no window; MissingExtraError where the DICOM packages are not installed.
    """
    with _reasons_named(path):
        _require_file(path)
        plane = _read_plane(path, inverted, window)
        _require_content(plane)
        if inverted is None and looks_inverted(plane):
            raise ImageError(
                "the film looks inverted (bright lungs, dark bones). Set the option inverted: True to turn it round, "
                "False if it is right as it is."
            )
    return plane[np.newaxis]


def survey_image(path: Path) -> tuple[bytes, NDArray[np.uint8] | None]:
    """SHA-256 of a file, and the thumbnail of its picture where it is a grey 8-bit PNG, JPEG or TIFF.

    The file is read once and its picture decoded whole, so that damage is found; other kinds are left to
    ``read_image``. Raises ImageError as that does.
    """
    with _reasons_named(path):
        _require_file(path)
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if content[128:132] == b"DICM" or path.suffix.lower() in DICOM_SUFFIXES:
            return digest, None
        return digest, read_thumbnail(io.BytesIO(content))


@dataclass(frozen=True, slots=True)
class ImageKind:
    """What a file says it shows, in DICOM's defined terms and upper case (CT, HAND); empty where it does not say."""

    modality: str = ""
    body_part: str = ""


def read_kind(path: Path) -> ImageKind:
    """Modality and body part from the header of a DICOM file that ``read_image`` takes; other files say nothing."""
    with _reasons_named(path):
        if not is_dicom(path):
            return ImageKind()
        from radz.imaging.dicom import read_terms

        return ImageKind(*read_terms(path))


def find_images(paths: Sequence[Path]) -> list[Path]:
    """Files as named, in order, and in place of each folder the images in and below it, sorted.

    In a folder an image is a file with one of ``IMAGE_SUFFIXES``, or without suffix (``1.2.840.5`` has none) but with
    the DICOM marker. A named file is kept even if missing; read_image refuses it. Raises ImageError for a folder
    without images.
    """
    return [image for path in paths for image in (_images_below(path) if path.is_dir() else [path])]


def _images_below(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*") if _is_named_image(p) and p.is_file())
    if not found:
        raise ImageError(
            f"{folder}: no image in this folder or below. Looked for {', '.join(IMAGE_SUFFIXES)}, and DICOM files "
            "without a suffix."
        )
    return found


def _is_named_image(path: Path) -> bool:
    if path.name.startswith(".") or path.name == "DICOMDIR":
        return False
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return True
    return (not suffix or suffix[1:].isdigit()) and path.is_file() and is_dicom(path)


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM's marker, whatever its name."""
    with path.open("rb") as file:
        return _has_marker(file)


def _has_marker(file: BinaryIO) -> bool:
    return file.read(132)[128:] == b"DICM"


@contextmanager
def _reasons_named(path: Path) -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    except MissingExtraError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes; one bad file must not end a batch
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ImageError(
            f"{path}: cannot be decoded, the file is damaged, truncated or of an unusual kind ({reason}). "
            "Export it again."
        ) from error


def _require_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError("there is no such file.") from None
    if stat.S_ISDIR(found.st_mode):
        raise ImageError("this is a folder, not an image; name its files, or search it with find_images.")
    if not stat.S_ISREG(found.st_mode):
        raise ImageError("this is a device or pipe, not a file.")
    if found.st_size == 0:
        raise ImageError("the file is empty (0 bytes).")
    if found.st_size > MAX_BYTES:
        raise ImageError(f"the file has {found.st_size:,} bytes, the limit is {MAX_BYTES:,}.")


def _read_plane(path: Path, inverted: bool | None, window: tuple[float, float] | None) -> Plane:
    with path.open("rb") as file:
        if not _has_marker(file):
            if path.suffix.lower() in DICOM_SUFFIXES:
                raise ImageError(
                    "named as DICOM, but the marker 'DICM' after 128 bytes is missing. Allowed are DICOM Part 10 "
                    "files; export it again."
                )
            plane = read_raster(file, window)
            return 1 - plane if inverted else plane
    if window is not None:
        raise ImageError("a window was given, but a DICOM file has its own. Leave the window out.")
    return _read_dicom(path, inverted)


def _read_dicom(path: Path, inverted: bool | None) -> Plane:
    try:
        from radz.imaging.dicom import read_dicom
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pydicom":
            raise
        raise MissingExtraError("Reading DICOM files", "pydicom", "dicom") from None
    return read_dicom(path, inverted)


def _require_content(plane: Plane) -> None:
    low, high = plane.min(), plane.max()  # NaN if any value is
    if not np.isfinite((low, high)).all():
        raise ImageError("the image holds NaN or infinite values. Replace them; they are no measurement.")
    if low == high:
        raise ImageError(FLAT)

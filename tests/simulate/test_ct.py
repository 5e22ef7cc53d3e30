"""NIfTI volumes: axes, scale, and a reason for each file that is refused."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from radz.errors import ImageError
from radz.simulate.ct import Volume, read_nifti

VOXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def nifti(path, voxels, *, diagonal=(-1.0, 1.0, 1.0), slope=1.0, intercept=0.0, dtype=4, magic=b"n+1\0"):
    """A NIfTI-1 file written by hand: voxels int16 (X, Y, Z), diagonal affine."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape, 1, 1, 1, 1)
    struct.pack_into("<h", header, 70, dtype)
    struct.pack_into("<3f", header, 108, 352.0, slope, intercept)
    struct.pack_into("<h", header, 254, 1)
    affine = np.hstack([np.diag(diagonal), np.zeros((3, 1))])
    header[280:328] = affine.astype("<f4").tobytes()
    header[344:348] = magic
    path.write_bytes(gzip.compress(bytes(header) + voxels.astype("<i2").tobytes(order="F")))
    return path


def test_axes_scale_and_order(tmp_path):
    path = nifti(tmp_path / "ct.nii.gz", VOXELS, diagonal=(-0.5, 0.7, 2.5), slope=2.0, intercept=-1024.0)
    volume = read_nifti(path)
    np.testing.assert_array_equal(volume.hu, VOXELS * 2.0 - 1024)
    assert volume.spacing_mm == pytest.approx((0.5, 0.7, 2.5))


def test_axes_that_run_the_other_way_are_turned(tmp_path):
    volume = read_nifti(nifti(tmp_path / "ct.nii.gz", VOXELS, diagonal=(1.0, -1.0, -1.0)))
    np.testing.assert_array_equal(volume.hu, VOXELS[::-1, ::-1, ::-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"magic": b"ni1\0"}, "not a single-file NIfTI-1"), ({"dtype": 16}, "little-endian int16")],
)
def test_other_kinds_are_refused(tmp_path, change, message):
    with pytest.raises(ImageError, match=message):
        read_nifti(nifti(tmp_path / "ct.nii.gz", VOXELS, **change))


def test_a_cut_file_is_refused(tmp_path):
    path = nifti(tmp_path / "ct.nii.gz", VOXELS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"not a readable \.nii\.gz"):
        read_nifti(path)
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-2]))
    with pytest.raises(ImageError, match="complete"):
        read_nifti(path)


def test_no_file(tmp_path):
    with pytest.raises(ImageError, match="No such file"):
        read_nifti(tmp_path / "absent.nii.gz")


def test_a_crop_keeps_the_spacing():
    volume = Volume(np.arange(24, dtype=np.float32).reshape(2, 3, 4), (1.0, 2.0, 3.0))
    cropped = volume.cropped((slice(None), slice(1, 3), slice(2)))
    assert (cropped.hu.shape, cropped.spacing_mm) == ((2, 2, 2), (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(cropped.hu[0], [[4, 5], [8, 9]])

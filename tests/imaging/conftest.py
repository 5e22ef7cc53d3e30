"""DICOM fakes saved and read."""

from __future__ import annotations

import pytest

from radz.imaging.read import read_image


@pytest.fixture
def load(tmp_path):
    """Save a dataset of ``dicom_fakes`` and read it as an Image."""

    def save_and_load(ds, **options):
        path = tmp_path / "image.dcm"
        ds.save_as(path, enforce_file_format=True)
        return read_image(path, **options)

    return save_and_load


@pytest.fixture
def read(load):
    """The same, the plane (H, W) alone."""
    return lambda ds, **options: load(ds, **options)[0]

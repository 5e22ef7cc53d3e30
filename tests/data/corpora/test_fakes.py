"""Parts of made-up corpora."""

from __future__ import annotations

import numpy as np
import pytest

from radz.data.corpora._fakes import fake_chest, one_patient_a_split, write_dicom, write_lines, write_radiograph
from radz.data.splits import split_by_hash
from radz.imaging.near_duplicates import alike, fingerprints, thumbnail
from radz.imaging.pixels import looks_inverted
from radz.imaging.read import read_image


def pixels(seed):
    """(1, 64, 64) in [0, 1]"""
    return fake_chest(seed)[np.newaxis].astype(np.float32) / 255


def test_images_have_the_polarity_of_a_radiograph_and_are_no_duplicates():
    images = [pixels(seed) for seed in range(8)]
    assert not any(map(looks_inverted, images))
    assert [*alike(fingerprints(np.stack([thumbnail(image) for image in images])))] == []
    np.testing.assert_array_equal(images[3], pixels(3))


@pytest.mark.parametrize("name", ["a.png", "b.dcm"])
def test_a_file_is_of_the_kind_of_its_suffix_and_reads_back(name, tmp_path):
    if name.endswith(".dcm"):
        pytest.importorskip("pydicom")
    write_radiograph(tmp_path / "new" / name, 5)
    read, written = read_image(tmp_path / "new" / name).pixels, pixels(5)
    if name.endswith(".dcm"):  # without a window the darkest value is black and the brightest white
        written = (written - written.min()) / (written.max() - written.min())
    np.testing.assert_allclose(read, written, atol=1e-6)


def test_a_dicom_file_has_the_tags_it_is_given(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    write_dicom(tmp_path / "a.dcm", 0, PatientID="p", Modality="DX")
    header = pydicom.dcmread(tmp_path / "a.dcm")
    assert (header.PatientID, header.Modality, header.BodyPartExamined) == ("p", "DX", "CHEST")


@pytest.mark.parametrize(("val", "test"), [(0, 0), (0, 0.2), (0.3, 0), (0.3, 0.2)])
def test_there_is_a_patient_for_each_split_that_has_a_share(val, test):
    patients = one_patient_a_split("salt", val, test)
    assert list(patients) == ["train", *(["val"] if val else []), *(["test"] if test else [])]
    assert all(split_by_hash(patient, "salt", val, test) == split for split, patient in patients.items())


def test_lines_end_in_a_line_break_and_folders_are_made(tmp_path):
    write_lines(tmp_path / "a" / "b.csv", ["x", "ü"])
    assert (tmp_path / "a" / "b.csv").read_text(encoding="utf-8") == "x\nü\n"

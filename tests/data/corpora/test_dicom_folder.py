"""A folder of DICOM files."""

from __future__ import annotations

import pytest

from radz.data.corpora._fakes import write_dicom
from radz.data.corpora.dicom_folder import DicomFolder
from radz.errors import CorpusError, ImageError, LeakageError, UnknownNameError
from radz.types import Presence

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")


PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED


def put(root, name, study, image, **tags):
    uids = {"StudyInstanceUID": study, "SOPInstanceUID": image, "PatientID": "p1", **tags}
    write_dicom(root / name, seed=0, **uids)


def test_images_of_a_study_stand_together_in_order(tmp_path):
    put(tmp_path, "x/b.dcm", "1.2.7", "1.9.1", SeriesNumber="1", InstanceNumber="10")
    put(tmp_path, "x/a", "1.2.7", "1.9.2", SeriesNumber="1", InstanceNumber="9")
    put(tmp_path, "y/c.dcm", "1.2.3", "1.9.3", ViewPosition="LL", PatientSex="M", PatientAge="009M")
    (tmp_path / "readme.txt").write_text("no image")
    corpus = DicomFolder(tmp_path)
    assert [study.study_id for study in corpus.records] == ["1.2.3/1.9.3", "1.2.7/1.9.2", "1.2.7/1.9.1"]
    assert corpus.groups == {"1.2.3": ("1.2.3/1.9.3",), "1.2.7": ("1.2.7/1.9.2", "1.2.7/1.9.1")}
    assert corpus.records[0].metadata == {
        **{"modality": "CR", "body_part": "CHEST", "view": "LL", "sex": "M", "age": "0"},
    }
    assert (corpus.findings, corpus.splits) == ((), ())
    assert corpus[0].pixels.shape == (1, 64, 64)


def test_files_without_an_image_are_passed_over(tmp_path):
    put(tmp_path, "a.dcm", "1.2", "1.3")
    report = pydicom.dcmread(tmp_path / "a.dcm")
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(report, keyword)
    report.save_as(tmp_path / "report.dcm")
    assert len(DicomFolder(tmp_path)) == 1
    (tmp_path / "a.dcm").unlink()
    with pytest.raises(CorpusError, match=r"there is no DICOM image in this folder or below"):
        DicomFolder(tmp_path)


def test_a_row_speaks_of_a_study_or_of_an_image(tmp_path):
    put(tmp_path, "a.dcm", "1.2", "1.3")
    put(tmp_path, "b.dcm", "1.2", "1.4")
    table = tmp_path / "labels.csv"
    table.write_text("study,labels\n1.2,Mass;-Effusion\n")
    assert [dict(study.labels) for study in DicomFolder(tmp_path).records] == [
        {"mass": PRESENT, "effusion": ABSENT}
    ] * 2
    table.write_text("image,labels,split\n1.4,Mass,train\n")
    silent, said = DicomFolder(tmp_path, unlisted="absent").records
    assert (dict(silent.labels), silent.split, said.split) == ({}, None, "train")
    table.write_text("image,labels\n1.4,Mass\n1.4,Nodule\n")
    with pytest.raises(CorpusError, match=r"image is in rows 2, 3. Give each one row"):
        DicomFolder(tmp_path)
    table.write_text("image,labels\n1.5,Mass\n")
    with pytest.raises(CorpusError, match=r"has 1 studies or images that are not in the folder \(row 2\)"):
        DicomFolder(tmp_path)
    table.write_text("image,study,labels\n1.4,1.2,Mass\n")
    with pytest.raises(CorpusError, match=r"one of the columns 'study' .* and 'image'"):
        DicomFolder(tmp_path)
    table.write_text("image,labels,split\n1.4,Mass,dev\n")
    with pytest.raises(UnknownNameError, match=r"split in .*labels.csv 'dev'"):
        DicomFolder(tmp_path)
    table.write_text("image,labels\n1.4,Mass;-Mass\n")
    with pytest.raises(CorpusError, match=r"labels.csv, row 2: 'mass' is both present and absent"):
        DicomFolder(tmp_path)


def test_patients_are_told_by_a_keyword_and_kept_in_one_split(tmp_path):
    put(tmp_path, "a.dcm", "1.2", "1.3", PatientID="", IssuerOfPatientID="x")
    put(tmp_path, "b.dcm", "1.5", "1.6", IssuerOfPatientID="x")
    with pytest.raises(CorpusError, match=r"1 of 2 images have no PatientID .*a.dcm.*option patient"):
        DicomFolder(tmp_path)
    assert {study.patient_id for study in DicomFolder(tmp_path, patient="IssuerOfPatientID").records} == {"x"}
    (tmp_path / "labels.csv").write_text("study,labels,split\n1.2,Mass,train\n1.5,Mass,test\n")
    with pytest.raises(LeakageError, match=r"1 patient is in more than one split"):
        DicomFolder(tmp_path, patient="IssuerOfPatientID")


def test_an_image_that_cannot_be_decoded_is_refused_alone(tmp_path):
    root = DicomFolder.fake(tmp_path)
    damaged = pydicom.dcmread(root / "study-1" / "image.dcm")
    damaged.PixelData = damaged.PixelData[:100]
    damaged.save_as(root / "study-1" / "image.dcm")
    corpus = DicomFolder(root)
    assert corpus[0].pixels is not None
    with pytest.raises(ImageError, match=r"study-1.*damaged, truncated in its Pixel Data"):
        corpus[1]

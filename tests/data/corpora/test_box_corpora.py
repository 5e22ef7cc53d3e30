"""RSNA, SIIM-ACR, VinDr-CXR, DeepLesion and folders of DICOM files: labels, boxes and masks; real label files too."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from public_metadata import public_file

pydicom = pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

from radz import registry  # noqa: E402
from radz.data.corpora._boxes import Box, read_runs, write_runs  # noqa: E402
from radz.data.corpora._corpus import write_dicom  # noqa: E402
from radz.data.corpora._dicom_files import read_headers, years  # noqa: E402
from radz.data.corpora.siim import read_masks  # noqa: E402
from radz.errors import ConfigError, CorpusError, ImageError, LeakageError, UnknownNameError  # noqa: E402
from radz.types import NORMAL, Presence  # noqa: E402

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED
rsna, siim, vindr, deeplesion, dicom_folder = (
    registry.load("corpora", name) for name in ("rsna", "siim", "vindr", "deeplesion", "dicom_folder")
)


def counts(corpus, presence=PRESENT):
    return {f: sum(study.presence(f) is presence for study in corpus.records) for f in corpus.findings}


def edit(path, change):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False)


# ---- masks and headers


def test_runs_are_relative_and_go_down_the_columns():
    """Leave 2, mark 3, leave 4, mark 1: of columns of 4, pixels 2 and 3 of one, 0 of the next, 1 of the last."""
    mask = read_runs("2 3 4 1", height=4, width=3)
    assert mask.astype(int).tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert write_runs(mask) == "2 3 4 1"
    assert not read_runs("", 4, 3).any()


def test_any_mask_comes_back_from_its_runs():
    masks = np.random.default_rng(0).random((20, 5, 7)) < 0.5
    for mask in [*masks, np.ones((5, 7), bool), np.zeros((5, 7), bool)]:
        np.testing.assert_array_equal(read_runs(write_runs(mask), 5, 7), mask)


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ("2 3 4", r"no list of pairs"),
        ("2 -3", r"no list of pairs"),
        ("a b", r"no list of whole numbers"),
        ("10 3", r"marks pixel 13 of an image of 4 x 3"),
    ],
)
def test_runs_that_are_none(runs, reason):
    with pytest.raises(CorpusError, match=reason):
        read_runs(runs, 4, 3)


@pytest.mark.parametrize(
    ("age", "whole"), [("57", "57"), ("057Y", "57"), ("011M", "0"), ("060W", "1"), ("400D", "1"), ("", ""), ("x", "x")]
)
def test_ages_are_whole_years(age, whole):
    assert years(age) == whole


def test_headers_are_read_in_order_and_a_damaged_one_is_named_without_its_text(tmp_path):
    paths = [tmp_path / f"{i}.dcm" for i in range(12)]
    for i, path in enumerate(paths):
        write_dicom(path, i, PatientID=f"p{i}", PatientName="Secret^Name", PatientAge="051Y")
    assert [h["PatientID"] for h in read_headers(paths, ("PatientID", "PatientSex"))] == [f"p{i}" for i in range(12)]
    assert read_headers(paths[:1], ("PatientAge", "PatientSex")) == [{"PatientAge": "051Y", "PatientSex": ""}]
    paths[3].write_bytes(b"Secret")
    with pytest.raises(CorpusError, match=r"3.dcm: its DICOM header cannot be read") as caught:
        read_headers(paths, ("PatientID",))
    assert "Secret" not in str(caught.value)


# ---- RSNA


def test_rsna_labels_boxes_and_metadata(tmp_path):
    corpus = rsna(rsna.fake(tmp_path))
    suspect, other, normal = corpus.records
    assert dict(suspect.labels) == {"pneumonia": PRESENT, "lung_opacity": PRESENT, NORMAL: ABSENT}
    assert dict(other.labels) == {"pneumonia": ABSENT, NORMAL: ABSENT}
    assert dict(normal.labels) == {"pneumonia": ABSENT, NORMAL: PRESENT}
    assert suspect.metadata == {"view": "AP", "sex": "M", "age": "46"}
    assert corpus.boxes == {
        suspect.study_id: (Box("pneumonia", 264, 152, 213, 379), Box("pneumonia", 562, 152, 256, 453))
    }
    assert rsna(tmp_path, split="test").boxes == {}


def test_rsna_without_classes_knows_no_normal_film(tmp_path):
    root = rsna.fake(tmp_path)
    (root / "stage_2_detailed_class_info.csv").unlink()
    corpus = rsna(root)
    assert corpus.findings == ("pneumonia", "lung_opacity")
    assert [dict(study.labels) for study in corpus.records][1:] == [{"pneumonia": ABSENT}, {"pneumonia": ABSENT}]


def test_rsna_patients_are_those_of_chestxray14_where_the_mapping_is_there(tmp_path):
    root = rsna.fake(tmp_path)
    ids = [study.study_id for study in rsna(root).records]
    films = dict(zip(ids, ("00000011_001.png", "00000011_002.png", "00000350_000.png"), strict=True))
    mapping = [{"subset_img_id": name, "img_id": film, "orig_labels": []} for name, film in films.items()]
    path = root / "pneumonia-challenge-dataset-mappings_2018.json"
    path.write_text(json.dumps(mapping))
    corpus = rsna(root)
    assert [study.patient_id for study in corpus.records] == ["11", "11", "350"]
    assert corpus.records[0].split == corpus.records[1].split
    assert corpus.records[2].metadata["nih_image"] == "00000350_000.png"
    assert corpus.policies["patients"] == "of ChestX-ray14"
    path.write_text("[1]")
    with pytest.raises(CorpusError, match=r"is not a list of entries with subset_img_id and img_id"):
        rsna(root)


def test_rsna_tables_that_are_not_right(tmp_path):
    root = rsna.fake(tmp_path)
    labels, classes = root / "stage_2_train_labels.csv", root / "stage_2_detailed_class_info.csv"
    edit(classes, lambda t: t.__setitem__("class", t["class"].replace("Normal", "Lung Opacity")))
    with pytest.raises(CorpusError, match=r"class does not fit the film's Target .*row 5.*both tables from one stage"):
        rsna(root)
    edit(labels, lambda t: t.__setitem__("Target", ["1", "0", "0", "0"]))
    with pytest.raises(CorpusError, match=r"Target is both 0 and 1 \(rows 2, 3\)"):
        rsna(root)
    edit(labels, lambda t: t.__setitem__("Target", "2"))
    with pytest.raises(CorpusError, match=r"Target is neither 0 nor 1 in rows 2, 3, 4, 5"):
        rsna(root)
    labels.unlink()
    with pytest.raises(
        CorpusError, match=r"no stage_2_train_labels.csv .*Obtain from https://www.kaggle.*Terms: rules"
    ):
        rsna(root)


def test_rsna_films_that_are_missing(tmp_path):
    root = rsna.fake(tmp_path)
    next((root / "stage_2_train_images").glob("*.dcm")).unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 films are missing .*Obtain from .*option missing: skip"):
        rsna(root)
    assert len(rsna(root, missing="skip")) == 2
    later = rsna(root, missing="later")
    assert [dict(study.metadata) for study in later.records] == [{}, {}, {}]


def test_rsna_counts_of_the_public_table(tmp_path):
    with zipfile.ZipFile(public_file("kaggle_stage_2_train_labels.csv.zip", tmp_path)) as packed:
        packed.extractall(tmp_path)
    corpus = rsna(tmp_path, missing="later")
    assert len(corpus) == 26_684  # torchxrayvision, both views: 26,684 films, 6,012 of Pneumonia and of Lung Opacity
    assert counts(corpus) == {"pneumonia": 6_012, "lung_opacity": 6_012}
    assert counts(corpus, ABSENT) == {"pneumonia": 20_672, "lung_opacity": 0}
    assert sum(map(len, corpus.boxes.values())) == 9_555


# ---- SIIM-ACR


def test_siim_masks_are_united_and_the_others_empty(tmp_path):
    corpus = siim(siim.fake(tmp_path))
    first, second, _ = corpus.records
    mask = corpus.mask(first.study_id)
    assert mask.shape == (1024, 1024)
    assert mask[100:120, 200:210].all()
    assert mask[300:302, 400].all()
    assert mask.sum() == 20 * 10 + 2
    assert not corpus.mask(second.study_id).any()
    assert [study.presence("pneumothorax") for study in corpus.records] == [PRESENT, ABSENT, ABSENT]
    assert first.metadata == {"view": "PA", "sex": "F", "age": "51"}
    with pytest.raises(CorpusError, match=r"no such film in the table"):
        corpus.mask("1.2.3")


def test_siim_patients_are_those_of_the_headers(tmp_path):
    root = siim.fake(tmp_path)
    assert all(study.patient_id.startswith("patient-") for study in siim(root).records)
    assert [study.patient_id for study in siim(root, missing="later").records] == ["1.4.0", "1.4.1", "1.4.2"]


def test_siim_second_stage_and_contradictions(tmp_path):
    root = siim.fake(tmp_path)
    table = (root / "train-rle.csv").read_text()
    (root / "stage_2_train.csv").write_text(table.replace(", ", ","))
    (root / "train-rle.csv").unlink()
    assert counts(siim(root)) == {"pneumothorax": 1}
    (root / "stage_2_train.csv").write_text(table + "1.4.0, -1\n")
    with pytest.raises(CorpusError, match=r"a film has a mask and is said to have none \(row 6\)"):
        siim(root)


def counted_from_the_first_pixel(text):
    numbers, mask = np.array(text.split(), int), np.zeros(1024 * 1024, bool)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        mask[start : start + length] = True
    return mask.reshape(1024, 1024).T


def test_siim_counts_of_the_public_table(tmp_path):
    """torchxrayvision counts rows (12,954, with 3,576 masks); a film is one of ours, however many masks it has."""
    shutil.copy(public_file("siim-pneumothorax-train-rle.csv.gz", tmp_path), tmp_path / "train-rle.csv.gz")
    corpus = siim(tmp_path, missing="later")
    assert len(corpus) == 12_047
    assert counts(corpus) == {"pneumothorax": 2_669}
    shown = [study.study_id for study in corpus.records if study.presence("pneumothorax") is PRESENT]
    runs = [read_masks(tmp_path / "train-rle.csv.gz")[name][0] for name in shown[:20]]
    assert np.median([ndimage.label(read_runs(text, 1024, 1024))[1] for text in runs]) == 1
    assert np.median([ndimage.label(counted_from_the_first_pixel(text))[1] for text in runs]) == 3  # as most challenges


# ---- VinDr-CXR


def test_vindr_readers_are_counted(tmp_path):
    """Of three readers all see cardiomegaly, one a rib fracture, one a nodule or mass."""
    root = vindr.fake(tmp_path)
    by = {policy: vindr(root, readers=policy).records[0] for policy in ("majority", "any", "agreement")}
    assert {policy: study.presence("cardiomegaly") for policy, study in by.items()} == dict.fromkeys(by, PRESENT)
    assert [study.presence("lung_lesion") for study in by.values()] == [ABSENT, PRESENT, UNCERTAIN]
    assert [study.presence("fracture") for study in by.values()] == [UNLABELLED, PRESENT, UNCERTAIN]
    assert [study.presence(NORMAL) for study in by.values()] == [ABSENT] * 3
    normal, tested = vindr(root).records[1:]
    assert normal.presence(NORMAL) is PRESENT
    assert (tested.split, tested.presence("other_thoracic_abnormality")) == ("test", PRESENT)
    with pytest.raises(ConfigError, match=r"readers is 'all', allowed are 'majority', 'any', 'agreement'"):
        vindr(root, readers="all")


def test_vindr_no_finding_of_one_reader_beside_a_finding_of_another(tmp_path):
    root = vindr.fake(tmp_path)
    path = root / "annotations" / "image_labels_train.csv"
    edit(path, lambda t: t.__setitem__("No finding", ["1", "1", "0", "1", "1", "1"]))
    assert [vindr(root, readers=policy).records[0].presence(NORMAL) for policy in ("any", "majority")] == [ABSENT] * 2


def test_vindr_boxes_have_readers_and_corners_become_sizes(tmp_path):
    corpus = vindr(vindr.fake(tmp_path))
    assert corpus.boxes == {
        corpus.records[0].study_id: (Box("cardiomegaly", 691, 1375, 1653 - 691, 1831 - 1375, reader="R0"),)
    }


def test_vindr_kaggle_layout_and_wrong_cells(tmp_path):
    root = vindr.fake(tmp_path)
    path = root / "annotations" / "image_labels_train.csv"
    edit(path, lambda t: t.__setitem__("COPD", ["0", "2", "0", "0", "0", "0"]))
    with pytest.raises(CorpusError, match=r"a label is neither 0 nor 1 in row 3"):
        vindr(root)
    path.write_text(path.read_text().replace("COPD", "Asthma"))
    with pytest.raises(UnknownNameError, match=r"label in image_labels_train.csv 'Asthma'"):
        vindr(root)
    shutil.rmtree(root / "annotations")
    films = [film.stem for film in (root / "train").iterdir()]
    rows = [(films[0], "ILD", "R1"), (films[0], "No finding", "R2"), (films[1], "No finding", "R1")]
    header = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max"
    lines = [f"{film},{label},0,{reader},1,2,3,5" for film, label, reader in rows]
    (root / "train.csv").write_text("\n".join([header, *lines]))
    corpus = vindr(root, readers="any")
    assert len(corpus.findings) == 15
    assert counts(corpus)["interstitial_lung_disease"] == counts(corpus)[NORMAL] == 1
    assert corpus.boxes[films[0]] == (Box("interstitial_lung_disease", 1, 2, 2, 3, reader="R1"),)
    (root / "train.csv").unlink()
    with pytest.raises(CorpusError, match=r"image_labels_train.csv or train.csv .*Obtain from https://physionet.org"):
        vindr(root)


def test_vindr_counts_of_the_public_table(tmp_path):
    """Those of torchxrayvision, which counts a label that one of the readers gave, under its own names."""
    shutil.copy(public_file("vinbigdata-train.csv.gz", tmp_path), tmp_path / "train.csv.gz")
    corpus = vindr(tmp_path, missing="later", readers="any")
    assert len(corpus) == 15_000
    assert counts(corpus) == {
        **{
            NORMAL: 10_606,
            "aortic_enlargement": 3_067,
            "atelectasis": 186,
            "calcification": 452,
            "cardiomegaly": 2_300,
        },
        **{"consolidation": 353, "effusion": 1_032, "interstitial_lung_disease": 386},
        **{"infiltration": 613, "lung_opacity": 1_322, "lung_lesion": 826, "other_thoracic_abnormality": 1_134},
        **{"pleural_thickening": 1_981, "pneumothorax": 96, "fibrosis": 1_617},
    }


# ---- DeepLesion


def test_deeplesion_slices_are_seen_in_their_own_window(tmp_path):
    """Stored 32768 + HU; of the fake film's 0 to 255 the window of its row is black to white."""
    root = deeplesion.fake(tmp_path)
    for study, (low, high) in zip(deeplesion(root), ((-175, 275), (-1500, 500), (-500, 1300)), strict=True):
        stored = np.asarray(Image.open(study.image)).astype(float)
        np.testing.assert_allclose(study.pixels[0], (stored - 32768 - low) / (high - low), atol=1e-5)


def test_deeplesion_types_boxes_and_policies(tmp_path):
    root = deeplesion.fake(tmp_path)
    unknown, lung, two = deeplesion(root).records
    assert dict(unknown.labels) == {"lesion_on_ct": PRESENT}
    assert dict(lung.labels) == {"lesion_on_ct": PRESENT, "lung_lesion_on_ct": PRESENT}
    assert {c for c, p in two.labels.items() if p is PRESENT} == {
        *("lesion_on_ct", "liver_lesion_on_ct", "kidney_lesion_on_ct"),
    }
    assert lung.metadata == {"modality": "CT", "window": "-1500, 500", "sex": "F", "age": "62"}
    closed = deeplesion(root, unlisted="absent").records
    assert dict(closed[0].labels) == {"lesion_on_ct": PRESENT}  # its type is not known
    assert sum(presence is ABSENT for presence in closed[1].labels.values()) == 7
    boxes = deeplesion(root, split="test").boxes[two.study_id]
    assert boxes[0] == Box("liver_lesion_on_ct", 20.5, 30, 20, 14)
    assert [box.concept for box in boxes] == ["liver_lesion_on_ct", "kidney_lesion_on_ct"]


def test_deeplesion_noisy_lesions_and_wrong_cells(tmp_path):
    root = deeplesion.fake(tmp_path)
    path = root / "DL_info.csv"
    edit(path, lambda t: t.__setitem__("Possibly_noisy", ["0", "0", "0", "1"]))
    assert dict(deeplesion(root).records[2].labels) == {"lesion_on_ct": PRESENT, "liver_lesion_on_ct": PRESENT}
    assert len(deeplesion(root, noisy=True).records[2].labels) == 3
    edit(path, lambda t: t.__setitem__("Coarse_lesion_type", ["9", "1", "1", "1"]))
    with pytest.raises(CorpusError, match=r"column 'Coarse_lesion_type' cannot be read in row 2"):
        deeplesion(root)
    edit(path, lambda t: t.__setitem__("Coarse_lesion_type", "1"))
    edit(path, lambda t: t.__setitem__("DICOM_windows", "wide"))
    with pytest.raises(CorpusError, match=r"DICOM_windows is 'wide', which is not two numbers"):
        deeplesion(root)[0]
    shutil.rmtree(root / "Images_png" / "000002_01_01")
    with pytest.raises(CorpusError, match=r"1 of 3 films are missing .*nihcc.app.box.com.*no restriction on use"):
        deeplesion(root)


# ---- folders of DICOM files


def put(root, name, study, image, **tags):
    uids = {"StudyInstanceUID": study, "SOPInstanceUID": image, "PatientID": "p1", **tags}
    write_dicom(root / name, seed=0, **uids)


def test_images_of_a_study_stand_together_in_order(tmp_path):
    put(tmp_path, "x/b.dcm", "1.2.7", "1.9.1", SeriesNumber="1", InstanceNumber="10")
    put(tmp_path, "x/a", "1.2.7", "1.9.2", SeriesNumber="1", InstanceNumber="9")
    put(tmp_path, "y/c.dcm", "1.2.3", "1.9.3", ViewPosition="LL", PatientSex="M", PatientAge="009M")
    (tmp_path / "readme.txt").write_text("no image")
    corpus = dicom_folder(tmp_path)
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
    assert len(dicom_folder(tmp_path)) == 1
    (tmp_path / "a.dcm").unlink()
    with pytest.raises(CorpusError, match=r"there is no DICOM image in this folder or below"):
        dicom_folder(tmp_path)


def test_a_row_speaks_of_a_study_or_of_an_image(tmp_path):
    put(tmp_path, "a.dcm", "1.2", "1.3")
    put(tmp_path, "b.dcm", "1.2", "1.4")
    table = tmp_path / "labels.csv"
    table.write_text("study,labels\n1.2,Mass;-Effusion\n")
    assert [dict(study.labels) for study in dicom_folder(tmp_path).records] == [
        {"mass": PRESENT, "effusion": ABSENT}
    ] * 2
    table.write_text("image,labels,split\n1.4,Mass,train\n")
    silent, said = dicom_folder(tmp_path, unlisted="absent").records
    assert (dict(silent.labels), silent.split, said.split) == ({}, None, "train")
    table.write_text("image,labels\n1.4,Mass\n1.4,Nodule\n")
    with pytest.raises(CorpusError, match=r"image stands in rows 2, 3. Give each one row"):
        dicom_folder(tmp_path)
    table.write_text("image,labels\n1.5,Mass\n")
    with pytest.raises(CorpusError, match=r"speaks of 1 studies or images that are not in the folder \(row 2\)"):
        dicom_folder(tmp_path)
    table.write_text("image,study,labels\n1.4,1.2,Mass\n")
    with pytest.raises(CorpusError, match=r"one of the columns 'study' .* and 'image'"):
        dicom_folder(tmp_path)
    table.write_text("image,labels,split\n1.4,Mass,dev\n")
    with pytest.raises(UnknownNameError, match=r"split in .*labels.csv 'dev'"):
        dicom_folder(tmp_path)
    table.write_text("image,labels\n1.4,Mass;-Mass\n")
    with pytest.raises(CorpusError, match=r"labels.csv, row 2: 'mass' is both present and absent"):
        dicom_folder(tmp_path)


def test_patients_are_told_by_a_keyword_and_kept_in_one_split(tmp_path):
    put(tmp_path, "a.dcm", "1.2", "1.3", PatientID="", IssuerOfPatientID="x")
    put(tmp_path, "b.dcm", "1.5", "1.6", IssuerOfPatientID="x")
    with pytest.raises(CorpusError, match=r"1 of 2 images have no PatientID .*a.dcm.*option patient"):
        dicom_folder(tmp_path)
    assert {study.patient_id for study in dicom_folder(tmp_path, patient="IssuerOfPatientID").records} == {"x"}
    (tmp_path / "labels.csv").write_text("study,labels,split\n1.2,Mass,train\n1.5,Mass,test\n")
    with pytest.raises(LeakageError, match=r"1 patient is in more than one split"):
        dicom_folder(tmp_path, patient="IssuerOfPatientID")


def test_an_image_that_cannot_be_decoded_is_refused_alone(tmp_path):
    root = dicom_folder.fake(tmp_path)
    damaged = pydicom.dcmread(root / "study-1" / "image.dcm")
    damaged.PixelData = damaged.PixelData[:100]
    damaged.save_as(root / "study-1" / "image.dcm")
    corpus = dicom_folder(root)
    assert corpus[0].pixels is not None
    with pytest.raises(ImageError, match=r"study-1.*cannot be decoded"):
        corpus[1]

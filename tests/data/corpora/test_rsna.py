"""RSNA Pneumonia Detection Challenge."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from public_metadata import public_file
from radz.data.corpora._boxes import Box
from radz.data.corpora.rsna import Rsna
from radz.errors import CorpusError
from radz.types import NORMAL, Presence

pytest.importorskip("pydicom", reason="needs the extra 'dicom'")

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence.PRESENT, Presence.ABSENT, Presence.UNCERTAIN, Presence.UNLABELLED


def counts(corpus, presence=PRESENT):
    return {f: sum(study.presence(f) is presence for study in corpus.records) for f in corpus.findings}


def edit(path, change):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False)


def test_labels_boxes_and_metadata(tmp_path):
    corpus = Rsna(Rsna.fake(tmp_path))
    suspect, other, normal = corpus.records
    assert dict(suspect.labels) == {"pneumonia": PRESENT, "lung_opacity": PRESENT, NORMAL: ABSENT}
    assert dict(other.labels) == {"pneumonia": ABSENT, NORMAL: ABSENT}
    assert dict(normal.labels) == {"pneumonia": ABSENT, NORMAL: PRESENT}
    assert suspect.metadata == {"view": "AP", "sex": "M", "age": "46"}
    assert corpus.boxes == {
        suspect.study_id: (Box("pneumonia", 264, 152, 213, 379), Box("pneumonia", 562, 152, 256, 453))
    }
    assert Rsna(tmp_path, split="test").boxes == {}


def test_without_classes_knows_no_normal_image(tmp_path):
    root = Rsna.fake(tmp_path)
    (root / "stage_2_detailed_class_info.csv").unlink()
    corpus = Rsna(root)
    assert corpus.findings == ("pneumonia", "lung_opacity")
    assert [dict(study.labels) for study in corpus.records][1:] == [{"pneumonia": ABSENT}, {"pneumonia": ABSENT}]


def test_patients_are_those_of_chestxray14_where_the_mapping_is_there(tmp_path):
    root = Rsna.fake(tmp_path)
    ids = [study.study_id for study in Rsna(root).records]
    images = dict(zip(ids, ("00000011_001.png", "00000011_002.png", "00000350_000.png"), strict=True))
    mapping = [{"subset_img_id": name, "img_id": original, "orig_labels": []} for name, original in images.items()]
    path = root / "pneumonia-challenge-dataset-mappings_2018.json"
    path.write_text(json.dumps(mapping))
    corpus = Rsna(root)
    assert [study.patient_id for study in corpus.records] == ["11", "11", "350"]
    assert corpus.records[0].split == corpus.records[1].split
    assert corpus.records[2].metadata["nih_image"] == "00000350_000.png"
    assert corpus.policies["patients"] == "of ChestX-ray14"
    path.write_text("[1]")
    with pytest.raises(CorpusError, match=r"is not a list of entries with subset_img_id and img_id"):
        Rsna(root)


def test_tables_that_are_not_right(tmp_path):
    root = Rsna.fake(tmp_path)
    labels, classes = root / "stage_2_train_labels.csv", root / "stage_2_detailed_class_info.csv"
    edit(classes, lambda t: t.__setitem__("class", t["class"].replace("Normal", "Lung Opacity")))
    with pytest.raises(CorpusError, match=r"class does not fit the image's Target .*row 5.*both tables from one stage"):
        Rsna(root)
    edit(labels, lambda t: t.__setitem__("Target", ["1", "0", "0", "0"]))
    with pytest.raises(CorpusError, match=r"Target is both 0 and 1 \(rows 2, 3\)"):
        Rsna(root)
    edit(labels, lambda t: t.__setitem__("Target", "2"))
    with pytest.raises(CorpusError, match=r"Target is neither 0 nor 1 in rows 2, 3, 4, 5"):
        Rsna(root)
    labels.unlink()
    with pytest.raises(
        CorpusError, match=r"no stage_2_train_labels.csv .*Obtain from https://www.kaggle.*Terms: rules"
    ):
        Rsna(root)


def test_images_that_are_missing(tmp_path):
    root = Rsna.fake(tmp_path)
    next((root / "stage_2_train_images").glob("*.dcm")).unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 images are missing .*Obtain from .*option missing: skip"):
        Rsna(root)
    assert len(Rsna(root, missing="skip")) == 2
    later = Rsna(root, missing="later")
    assert [dict(study.metadata) for study in later.records] == [{}, {}, {}]


def test_counts_of_the_public_table(tmp_path):
    with zipfile.ZipFile(public_file("kaggle_stage_2_train_labels.csv.zip", tmp_path)) as packed:
        packed.extractall(tmp_path)
    corpus = Rsna(tmp_path, missing="later")
    assert len(corpus) == 26_684  # torchxrayvision, both views: 26,684 images, 6,012 of Pneumonia and of Lung Opacity
    assert counts(corpus) == {"pneumonia": 6_012, "lung_opacity": 6_012}
    assert counts(corpus, ABSENT) == {"pneumonia": 20_672, "lung_opacity": 0}
    assert sum(map(len, corpus.boxes.values())) == 9_555

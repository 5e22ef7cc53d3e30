"""NIH ChestX-ray14."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from public_metadata import public_file
from radz.data.corpora import chestxray14
from radz.data.corpora.chestxray14 import ChestXray14
from radz.data.splits import hash_fraction
from radz.errors import ConfigError, CorpusError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.fixture
def nih(tmp_path):
    return ChestXray14.fake(tmp_path)


def test_labels_metadata_and_boxes(nih):
    corpus = ChestXray14(nih)
    assert len(corpus.findings) == 15
    first = corpus.records[0]
    assert [c for c, p in first.labels.items() if p is PRESENT] == ["mass", "nodule"]
    assert set(first.labels.values()) == {PRESENT, ABSENT}
    assert first.presence(NORMAL) is ABSENT
    assert corpus.records[1].presence(NORMAL) is PRESENT
    assert first.metadata == {"view": "PA", "sex": "M", "age": "57"}
    (box,) = ChestXray14(nih, split="test").boxes[corpus.records[2].study_id]
    assert (box.concept, box.x, box.y, box.width, box.height) == ("effusion", 225, 547, 86, 79)
    assert ChestXray14(nih, split="train").boxes == {}


def test_validation_is_cut_by_patient(nih):
    assert [s.split for s in ChestXray14(nih, val_fraction=0).records] == ["train", "train", "test"]
    fractions = [hash_fraction(str(patient), "chestxray14-val") for patient in range(20_000)]
    assert np.mean(np.array(fractions) < 0.1) == pytest.approx(0.1, abs=0.01)  # 0.002 is the standard error
    with pytest.raises(ConfigError, match=r"val_fraction is 1, allowed is 0 <= val_fraction < 1"):
        ChestXray14(nih, val_fraction=1)


def test_chosen_images(nih, tmp_path):
    names = [s.study_id for s in ChestXray14(nih).records]
    (nih / "train_val_list.txt").unlink()
    films = tmp_path / "films.csv"
    films.write_text(f"film,split,source\n{names[2]},train,mirror\n{names[0]},test,\n")
    corpus = ChestXray14(nih, films=films)
    assert [(s.study_id, s.split) for s in corpus.records] == [(names[0], "test"), (names[2], "train")]
    assert corpus.records[1].metadata["source"] == "mirror"
    films.write_text("film,split\nstranger.png,train\n")
    with pytest.raises(CorpusError, match=r"films.csv: 1 images are not in the data entries \(row 2\)"):
        ChestXray14(nih, films=films)
    films.write_text(f"film,split\n{names[0]},tuning\n")
    with pytest.raises(UnknownNameError, match=r"'tuning'"):
        ChestXray14(nih, films=films)
    films.write_text(f"film,split\n{names[0]},train\n{names[1]},val\n{names[0]},train\n")
    with pytest.raises(CorpusError, match=r"films.csv: an image is listed twice \(rows 2, 4\)"):
        ChestXray14(nih, films=films)


def test_first_release_and_flat_folder(nih):
    table = pd.read_csv(nih / "Data_Entry_2017_v2020.csv", dtype=str)
    table["Patient Age"] = ["057Y", "011M", "030D"]
    table.to_csv(nih / "Data_Entry_2017.csv", index=False)
    (nih / "Data_Entry_2017_v2020.csv").unlink()
    (nih / "images_001" / "images").rename(nih / "images")
    corpus = ChestXray14(nih)
    assert [s.metadata["age"] for s in corpus.records] == ["57", "0", "0"]
    assert corpus[0].image == nih / "images" / corpus[0].study_id


def test_incomplete_downloads(nih):
    next((nih / "images_001" / "images").glob("*.png")).unlink()
    with pytest.raises(CorpusError, match=r"1 of 3 images are missing .*option films"):
        ChestXray14(nih)
    (nih / "test_list.txt").write_text("")
    with pytest.raises(CorpusError, match=r"1 images \(row 4 of the data entries\) are in neither"):
        ChestXray14(nih)
    (nih / "test_list.txt").unlink()
    with pytest.raises(CorpusError, match=r"test_list.txt: missing. It is part of the NIH download; without it"):
        ChestXray14(nih)
    (nih / "Data_Entry_2017_v2020.csv").unlink()
    with pytest.raises(CorpusError, match=r"holds neither Data_Entry_2017_v2020.csv nor"):
        ChestXray14(nih)


ROWS = 5_000


KNOWLEDGE = KnowledgeBase.load()


def write(table, path):
    table.to_csv(path, index=False)
    return table.astype(str)


def counts(corpus, concept):
    marks = Counter(study.presence(concept) for study in corpus.records)
    return marks[Presence.PRESENT], marks[Presence.ABSENT], marks[Presence.UNCERTAIN]


def test_entries_and_boxes(tmp_path):
    table = write(pd.read_csv(public_file("Data_Entry_2017_v2020.csv.gz", tmp_path)), tmp_path / chestxray14.ENTRIES[1])
    boxes = pd.read_csv(public_file("BBox_List_2017.csv.gz", tmp_path), usecols=["Image Index", "Finding Label"])
    table = table[table["Image Index"].isin(boxes["Image Index"]) | (table.index < ROWS)]
    write(table.rename(columns={"Patient Gender": "Patient Sex"}), tmp_path / chestxray14.ENTRIES[0])
    write(pd.read_csv(public_file("BBox_List_2017.csv.gz", tmp_path)), tmp_path / chestxray14.BOXES)
    (tmp_path / "train_val_list.txt").write_text("\n".join(table["Image Index"]))
    (tmp_path / "test_list.txt").touch()
    corpus = ChestXray14(tmp_path, missing="later")
    for label in ("Hernia", "Pleural_Thickening", "Pneumonia", "No Finding"):
        present = sum(label in cell.split("|") for cell in table["Finding Labels"])
        assert counts(corpus, KNOWLEDGE[label].id) == (present, len(table) - present, 0)
    assert {study.metadata["sex"] for study in corpus.records} == {"M", "F"}
    drawn = Counter(box.concept for boxes_of in corpus.boxes.values() for box in boxes_of)
    assert drawn.total() == len(boxes) == 984
    assert drawn["infiltration"] == sum(boxes["Finding Label"] == "Infiltrate") == 123

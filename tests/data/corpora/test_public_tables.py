"""Label parsing on the real public tables of torchxrayvision's wheel, where ``public_metadata`` finds it.

Here the first rows are counted in the simplest way; ``benchmarks/corpus_labels.py`` compares whole tables with what
torchxrayvision's own classes give, and docs/corpora.md explains each difference.
"""

from __future__ import annotations

import tarfile
from collections import Counter

import pandas as pd

from public_metadata import public_file
from radz import registry
from radz.data.corpora import chestxray14, chexpert, padchest
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

ROWS = 5_000
KNOWLEDGE = KnowledgeBase.load()


def write(table, path):
    table.to_csv(path, index=False)
    return table.astype(str)


def counts(corpus, concept):
    marks = Counter(study.presence(concept) for study in corpus.records)
    return marks[Presence.PRESENT], marks[Presence.ABSENT], marks[Presence.UNCERTAIN]


def test_chestxray14_entries_and_boxes(tmp_path):
    table = write(pd.read_csv(public_file("Data_Entry_2017_v2020.csv.gz", tmp_path)), tmp_path / chestxray14.ENTRIES[1])
    boxes = pd.read_csv(public_file("BBox_List_2017.csv.gz", tmp_path), usecols=["Image Index", "Finding Label"])
    table = table[table["Image Index"].isin(boxes["Image Index"]) | (table.index < ROWS)]
    write(table.rename(columns={"Patient Gender": "Patient Sex"}), tmp_path / chestxray14.ENTRIES[0])
    write(pd.read_csv(public_file("BBox_List_2017.csv.gz", tmp_path)), tmp_path / chestxray14.BOXES)
    (tmp_path / "train_val_list.txt").write_text("\n".join(table["Image Index"]))
    (tmp_path / "test_list.txt").touch()
    corpus = registry.load("corpora", "chestxray14")(tmp_path, missing="later")
    for label in ("Hernia", "Pleural_Thickening", "Pneumonia", "No Finding"):
        present = sum(label in cell.split("|") for cell in table["Finding Labels"])
        assert counts(corpus, KNOWLEDGE[label].id) == (present, len(table) - present, 0)
    assert {study.metadata["sex"] for study in corpus.records} == {"M", "F"}
    found = Counter(box.concept for own in corpus.boxes.values() for box in own)
    assert found.total() == len(boxes) == 984
    assert found["infiltration"] == sum(boxes["Finding Label"] == "Infiltrate") == 123


def test_chexpert_training_labels(tmp_path):
    table = pd.read_csv(public_file("chexpert_train.csv.gz", tmp_path), nrows=ROWS, dtype=str, keep_default_na=False)
    write(table, tmp_path / "train.csv")
    corpus = chexpert.plugin(tmp_path, views="all", missing="later")
    normal = table["No Finding"] == "1.0"
    for label in ("Cardiomegaly", "Pneumonia", "Pleural Effusion", "Lung Opacity"):
        cells = table[label].where(~normal, "0.0")  # "No Finding" denies every finding
        expected = tuple(int((cells == cell).sum()) for cell in ("1.0", "0.0", "-1.0"))
        assert counts(corpus, KNOWLEDGE[label].id) == expected
    devices = tuple(int((table["Support Devices"] == cell).sum()) for cell in ("1.0", "0.0", "-1.0"))
    assert counts(corpus, "support_devices") == devices
    studies = table["Path"].str.rpartition("/")[0][table["Frontal/Lateral"] == "Frontal"].nunique()
    assert len(chexpert.plugin(tmp_path, missing="later")) == studies


def test_padchest_labels(tmp_path):
    table = pd.read_csv(public_file(f"{padchest.TABLE}.gz", tmp_path), nrows=ROWS, dtype=str, keep_default_na=False)
    write(table, tmp_path / padchest.TABLE)
    corpus = padchest.plugin(tmp_path, views="all", missing="later")
    open_ended = table["Labels"].str.contains("'unchanged'|'exclude'") | table["Labels"].isin(["['']", "[]", "nan"])
    for label in ("cardiomegaly", "scoliosis", "hiatal hernia", "flattened diaphragm"):
        listed = table["Labels"].str.contains(rf"' ?{label}'")
        present, absent, _ = counts(corpus, KNOWLEDGE[label].id)
        assert present == int(listed.sum())
        assert absent <= int((~listed & ~open_ended).sum())
    fractures = table["Labels"].str.contains("fracture")  # rib, clavicle, humeral, vertebral, callus rib
    assert counts(corpus, "fracture")[0] == int(fractures.sum())
    assert sum(study.presence(NORMAL) is Presence.PRESENT for study in corpus.records) >= int(
        (table["Labels"] == "['normal']").sum()
    )
    sentences = table["LabelsLocalizationsBySentence"].str.contains(r"\['cardiomegaly', 'loc cardiac'\]")
    places = [corpus.places[film]["cardiomegaly"] for film in table["ImageID"][sentences]]
    assert len(places) > 5
    assert all("cardiac" in where for where in places)


def test_open_i_headings(tmp_path):
    with tarfile.open(public_file("NLMCXR_reports.tgz", tmp_path)) as archive:
        archive.extractall(tmp_path, [m for m in archive if m.name.endswith("7.xml")], filter="data")
    reports = [path.read_text(encoding="utf-8") for path in (tmp_path / "ecgen-radiology").glob("*.xml")]
    corpus = registry.load("corpora", "open_i")(tmp_path, views="all", missing="later")
    assert len(corpus) == sum(report.count("<parentImage ") for report in reports)
    assert len(reports) == 397  # about every tenth
    for heading, concept in (("normal", NORMAL), ("Scoliosis", "scoliosis"), ("Hernia, Hiatal", "hernia")):
        films = sum(report.count("<parentImage ") for report in reports if f"<major>{heading}" in report)
        assert counts(corpus, concept)[0] == films

"""COVIDx CXR."""

from __future__ import annotations

from collections import Counter

import pytest

from radz.data.corpora.covidx import Covidx
from radz.errors import CorpusError
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


def test_three_classes(tmp_path):
    root = Covidx.fake(tmp_path)
    for part, label in (("train", "normal"), ("val", "pneumonia"), ("test", "COVID-19")):
        text = (root / f"{part}.txt").read_text().split()
        (root / f"{part}.txt").write_text(" ".join([*text[:-2], label, text[-1]]))
    corpus = Covidx(root)
    assert {*corpus.findings} == {NORMAL, "pneumonia", "covid_19"}
    normal, pneumonia, covid = (study.labels for study in corpus.records)
    assert normal == {NORMAL: PRESENT, "pneumonia": ABSENT, "covid_19": ABSENT}
    assert pneumonia == {NORMAL: ABSENT, "pneumonia": PRESENT, "covid_19": ABSENT}
    assert covid == {NORMAL: ABSENT, "pneumonia": PRESENT, "covid_19": PRESENT}


def test_two_classes_say_nothing_but_covid(tmp_path):
    corpus = Covidx(Covidx.fake(tmp_path))
    assert corpus.findings == ("covid_19",)
    assert [study.presence("covid_19") for study in corpus.records] == [ABSENT, PRESENT, PRESENT]
    assert corpus.records[2].patient_id == "actmed/ANON24"
    assert corpus.records[2].image.name == "Figure 1.png"


def test_without_a_list_for_validation(tmp_path):
    root = Covidx.fake(tmp_path)
    (root / "val.txt").unlink()
    (root / "train.txt").write_text("".join(f"{i} {i}.png positive rsna\n" for i in range(1000)))
    sizes = Counter(study.split for study in Covidx(root, missing="later").records)
    assert 70 <= sizes["val"] <= 130  # 0.1 of 1000, and three standard errors
    assert sizes["train"] + sizes["val"] == 1000
    assert Covidx(root, missing="later", val_fraction=0).splits == ("train", "test")


def test_strange_lines_and_missing_lists(tmp_path):
    root = Covidx.fake(tmp_path)
    (root / "test.txt").write_text("1 a.png positive rsna\n2 b.png covid rsna\n3 c.png\n")
    with pytest.raises(CorpusError, match=r"test.txt: rows 2, 3 is not 'patient file class source' with a class of"):
        Covidx(root)
    for part in ("train", "test"):
        (root / f"{part}.txt").unlink()
    with pytest.raises(CorpusError, match=r"neither train.txt nor test.txt. Obtain from https://www.kaggle.com"):
        Covidx(root)

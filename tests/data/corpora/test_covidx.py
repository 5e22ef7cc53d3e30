"""COVIDx CXR."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from radz.data.corpora._fakes import write_radiograph
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


def test_malformed_lines_and_missing_lists(tmp_path):
    root = Covidx.fake(tmp_path)
    (root / "test.txt").write_text("1 a.png positive rsna\n2 b.png covid rsna\n3 c.png\nd.png positive\n")
    with pytest.raises(CorpusError, match=r"test.txt: rows 2, 3, 4 cannot be read as 'patient file class source'"):
        Covidx(root)
    for part in ("train", "val", "test"):
        (root / f"{part}.txt").unlink()
    with pytest.raises(CorpusError, match=r"neither train.txt nor test.txt. Obtain from https://www.kaggle.com"):
        Covidx(root)
    with pytest.raises(CorpusError, match=r"neither train_COVIDx5.txt nor test_COVIDx5.txt"):
        Covidx(root, version="5")


@pytest.fixture
def blanks(tmp_path):
    """Patients and files with blanks in their names."""
    lists = {
        "train": [
            ("7", "image-07.jpeg", "negative", "cohen"),
            ("HOSP 4", "HOSP(4).png", "positive", "sirm"),
            ("HOSP 5", "HOSP(5).png", "positive", "sirm"),
            ("A100", "chest view 1.png", "negative", "actmed"),
        ],
        "test": [("HOSP 9", "HOSP(9).png", "positive", "sirm"), ("8 b", "view  of b.png", "negative", "cohen")],
    }
    for part, lines in lists.items():
        for seed, line in enumerate(lines):
            write_radiograph(tmp_path / part / line[1], seed)
        (tmp_path / f"{part}.txt").write_text("".join(f"{' '.join(line)}\n" for line in lines))
    return tmp_path


def read(corpus):
    return {study.patient_id: study.image.name for study in corpus.records}


def test_the_reading_of_a_line_is_the_one_whose_file_exists(blanks):
    corpus = Covidx(blanks)
    assert read(corpus) == {
        "cohen/7": "image-07.jpeg",
        "sirm/HOSP 4": "HOSP(4).png",
        "sirm/HOSP 5": "HOSP(5).png",
        "actmed/A100": "chest view 1.png",
        "sirm/HOSP 9": "HOSP(9).png",
        "cohen/8 b": "view  of b.png",
    }
    assert all(study.pixels is not None for study in corpus)


def test_without_the_files_a_patient_is_known_by_the_name_of_its_file(blanks):
    for part in ("train", "test"):
        shutil.rmtree(blanks / part)
    (blanks / "test.txt").write_text("HOSP 9 HOSP(9).png positive sirm\n8 b view of b.png negative cohen\n")
    images = read(Covidx(blanks, missing="later"))
    assert images["sirm/HOSP 4"] == "HOSP(4).png"
    assert images["actmed/A100"] == "chest view 1.png"
    assert images["cohen/8"] == "b view of b.png"  # nothing tells more


def test_the_first_release_has_four_classes_and_no_sources(tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    lines = ["3 SARS.jpeg viral", "29 strep.jpg bacteria", "2 a.jpeg COVID-19", "10000927 IM-1.jpeg normal"]
    (labels / "train_split_v1.txt").write_text("\n".join(lines))
    corpus = Covidx(tmp_path, missing="later", val_fraction=0)
    assert [study.patient_id for study in corpus.records] == ["3", "29", "2", "10000927"]
    assert all(study.metadata == {} for study in corpus.records)
    viral, bacteria, covid, normal = (study.labels for study in corpus.records)
    assert viral == bacteria == {NORMAL: ABSENT, "pneumonia": PRESENT, "covid_19": ABSENT}
    assert covid["covid_19"] is normal[NORMAL] is PRESENT


def test_of_several_releases_one_is_named(tmp_path):
    for version, label in (("5", "COVID-19"), ("7B", "positive")):
        (tmp_path / f"train_COVIDx{version}.txt").write_text(f"1 {version}.png {label} cohen\n")
    with pytest.raises(CorpusError, match=r"has the lists train_COVIDx5.txt, train_COVIDx7B.txt. Name one"):
        Covidx(tmp_path, missing="later")
    for version, findings in (("5", {NORMAL, "pneumonia", "covid_19"}), ("7B", {"covid_19"})):
        corpus = Covidx(tmp_path, version=version, missing="later")
        assert [study.image.name for study in corpus.records] == [f"{version}.png"]
        assert set(corpus.findings) == findings


def test_a_folder_without_lists_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"there is neither train.txt nor test.txt. Obtain from"):
        Covidx(tmp_path)
    with pytest.raises(CorpusError, match=r"there is neither train_COVIDx7A.txt nor test_COVIDx7A.txt"):
        Covidx(tmp_path, version="7A")

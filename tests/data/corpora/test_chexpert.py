"""CheXpert."""

from __future__ import annotations

import shutil
from collections import Counter

import pandas as pd
import pytest

from public_metadata import public_file
from radz.data.corpora import _chexpert, chexpert
from radz.data.corpora.chexpert import CheXpert
from radz.data.views.folds import Fold, FoldedCorpus
from radz.data.views.held_out import WithoutConcepts
from radz.data.views.subset import Limited
from radz.errors import ConfigError, CorpusError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence
KNOWLEDGE = KnowledgeBase.load()
ROWS = 5_000


def ids(corpus):
    return [study.study_id for study in corpus.records]


@pytest.fixture
def small(tmp_path):
    return CheXpert.fake(tmp_path)


@pytest.mark.parametrize(
    ("policy", "edema"), [("separate", UNCERTAIN), ("ignore", UNLABELLED), ("ones", PRESENT), ("zeros", ABSENT)]
)
def test_uncertain_labels(small, policy, edema):
    corpus = CheXpert(small, "val", uncertain=policy)
    assert corpus.records[0].presence("edema") is edema
    assert corpus.records[0].presence("effusion") is PRESENT
    assert corpus.policies["uncertain"] == policy


def test_what_decided_the_labels_is_kept_by_views_of_a_corpus(small):
    corpus = CheXpert(small, uncertain="zeros", views="all")
    expected = {"uncertain": "zeros", "unlisted": "unlabelled", "views": "all", "missing": "error"}
    views = [
        WithoutConcepts(corpus, frozenset({"edema"}), KnowledgeBase.load(), reports=False),
        FoldedCorpus(CheXpert(small, uncertain="zeros", views="all"), Fold(1, 2), "train"),
        Limited(corpus, 1),
    ]
    assert all(view.policies == expected for view in views)


def test_no_finding_denies_findings_and_not_devices(small):
    (study,) = CheXpert(small, "train").records
    denied = {concept for concept, presence in study.labels.items() if presence is ABSENT}
    assert denied == {*_chexpert.findings()} - {NORMAL, "support_devices"}
    assert study.presence("support_devices") is PRESENT
    assert CheXpert(small, "val").records[0].presence("fracture") is UNLABELLED


def test_empty_cells_as_absent(small):
    table = pd.read_csv(small / "valid.csv", dtype=str)
    table["Cardiomegaly"] = "1.0"
    table.to_csv(small / "valid.csv", index=False)
    (study,) = CheXpert(small, "val", unlisted="absent").records
    assert study.presence("fracture") is ABSENT
    assert study.presence("enlarged_cardiomediastinum") is UNLABELLED  # cardiomegaly is a kind of it
    assert study.presence(NORMAL) is ABSENT


def test_no_finding_is_never_turned():
    cells = pd.DataFrame([dict.fromkeys(_chexpert.LABELS, "") | {"No Finding": "-1", "Edema": "-1.0"}])
    labels = _chexpert.read_labels(cells.assign(__row__=2), "t.csv", "ones", "unlabelled")
    assert labels == [{NORMAL: UNCERTAIN, "edema": PRESENT}]


def test_strange_cells_and_policies(small):
    table = pd.read_csv(small / "train.csv", dtype=str)
    table.loc[1, "Edema"] = "nan "
    table.to_csv(small / "train.csv", index=False)
    with pytest.raises(CorpusError, match=r"train.csv: row 3: 'Edema' is 'nan', allowed are 1, 0, -1 and an empty"):
        CheXpert(small)
    with pytest.raises(ConfigError, match=r"uncertain is 'maybe', allowed are 'separate', 'ignore', 'ones', 'zeros'"):
        CheXpert(small, uncertain="maybe")


def test_a_path_of_another_form_is_named_by_its_row(small):
    table = pd.read_csv(small / "train.csv", dtype=str)
    table.assign(Path=["somewhere/else.jpg", *table["Path"][1:]]).to_csv(small / "train.csv", index=False)
    with pytest.raises(CorpusError, match=r"column 'Path' is not a path such as train/patient00001/.* in row 2"):
        CheXpert(small)


def test_views(small):
    assert ids(CheXpert(small, "train", views="lateral")) == ["train/patient00001/study1/view2_lateral.jpg"]
    assert len(CheXpert(small, "train", views="all")) == 2
    assert {s.metadata["study"] for s in CheXpert(small, "train", views="all").records} == {"patient00001/study1"}


def test_full_size_archives_left_in_their_folders(small, tmp_path):
    first, second = "CheXpert-v1.0 batch 1 (validate & csv)", "CheXpert-v1.0 batch 2 (train 1)"
    root = tmp_path / "chexpertchestxrays-u20210408"
    shutil.copytree(small / "valid", root / first / "valid")
    shutil.copytree(small / "train", root / second)
    for name in ("train.csv", "valid.csv"):
        text = (small / name).read_text().replace("CheXpert-v1.0-small", "CheXpert-v1.0")
        (root / first / name).write_text(text)
    corpus = CheXpert(root)
    assert ids(corpus) == ids(CheXpert(small))[:2]
    assert corpus[0].pixels.shape == (1, 64, 64)
    with pytest.raises(CorpusError, match=r"no test_labels.csv or groundtruth.csv .*chexlocalize.*Terms: Stanford"):
        CheXpert(root, "test")
    with_test = CheXpert(root, "test", test_labels=small / "groundtruth.csv")
    assert ids(with_test) == ["test/patient64741/study1/view1_frontal.jpg"]


def test_test_set_by_image(small, tmp_path):
    table = pd.read_csv(small / "groundtruth.csv", dtype=str).drop(columns="Study")
    table.insert(0, "Path", "test/patient64741/study1/view1_frontal.jpg")
    table.to_csv(small / "test_labels.csv", index=False)
    (small / "groundtruth.csv").unlink()
    (study,) = CheXpert(tmp_path, "test").records
    assert Counter(study.labels.values()) == {PRESENT: 1, ABSENT: 13}
    table.drop(columns="No Finding").to_csv(small / "test_labels.csv", index=False)
    (study,) = CheXpert(tmp_path, "test").records
    assert study.presence(NORMAL) is UNLABELLED
    assert Counter(study.labels.values()) == {PRESENT: 1, ABSENT: 12}
    table.drop(columns="Edema").to_csv(small / "test_labels.csv", index=False)
    with pytest.raises(CorpusError, match=r"test_labels.csv: missing column 'Edema' \(for label Edema"):
        CheXpert(tmp_path)


def write(table, path):
    table.to_csv(path, index=False)
    return table.astype(str)


def counts(corpus, concept):
    marks = Counter(study.presence(concept) for study in corpus.records)
    return marks[Presence.PRESENT], marks[Presence.ABSENT], marks[Presence.UNCERTAIN]


def test_training_labels(tmp_path):
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

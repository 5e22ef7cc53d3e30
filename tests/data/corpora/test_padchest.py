"""PadChest."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from public_metadata import public_file
from radz.data.corpora import padchest
from radz.data.corpora.padchest import PadChest
from radz.errors import ConfigError, CorpusError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence

PRESENT, ABSENT, UNCERTAIN, UNLABELLED = Presence


@pytest.fixture
def alicante(tmp_path):
    return PadChest.fake(tmp_path)


def rewrite(root, **columns):
    path = root / padchest.TABLE
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.assign(**columns).to_csv(path, index=False)


def test_labels_places_and_pixels(alicante):
    corpus = PadChest(alicante)
    first = corpus.records[0]
    assert {c for c, p in first.labels.items() if p is PRESENT} == {"mass", "fracture"}
    assert corpus.places == {first.study_id: {"mass": ("right upper lobe",)}}
    assert first.metadata == {"view": "PA", "study": "study0", "sex": "F", "age": "84", "manufacturer": "GMM"}
    assert corpus[0].pixels.min() == 0  # 16-bit images are stretched from smallest to largest value
    assert corpus[0].pixels.max() == 1
    assert len(np.unique(corpus[0].pixels)) > 50


def test_lists_that_are_not_whole(alicante):
    rewrite(alicante, Labels=["['unchanged', 'nodule']", "['']", "nan"])
    nodule, empty, none = PadChest(alicante, unlisted="absent").records
    assert nodule.labels == {"nodule": PRESENT}
    assert empty.labels == none.labels == {}


def test_kinds_and_policies(alicante):
    rewrite(alicante, Labels=["['clavicle fracture']", "['normal']", "['central venous catheter via jugular vein']"])
    first, _, third = PadChest(alicante, broader="unlabelled").records
    assert first.presence("fracture") is UNLABELLED
    assert third.presence("central_venous_catheter") is PRESENT
    assert PadChest(alicante).records[0].presence("fracture") is PRESENT
    assert PadChest(alicante, unlisted="unlabelled", broader="unlabelled").records[1].labels == {NORMAL: PRESENT}


def test_who_labelled_and_views(alicante):
    rewrite(alicante, MethodLabel=["Physician", "RNN_model", "Physician"], Projection=["PA", "AP_horizontal", "L"])
    assert [s.metadata["view"] for s in PadChest(alicante).records] == ["PA", "AP_horizontal"]
    assert len(PadChest(alicante, labelled_by="physician", views="all")) == 2
    tested = PadChest(alicante, test_fraction=1, val_fraction=0)
    assert tested.splits == ("test",)
    assert tested.policies["split"] == "by hash: 1 test, 0 val"
    with pytest.raises(ConfigError, match=r"val_fraction is 0.1 and test_fraction 1, allowed are shares"):
        PadChest(alicante, test_fraction=1)


def test_one_study_id_of_two_patients(alicante):
    rewrite(alicante, StudyID=["1", "1", "1"])
    assert len(PadChest(alicante)) == 3


def test_images_in_one_folder(alicante):
    (alicante / "images").mkdir()
    for image in sorted(alicante.glob("*/*.png")):
        image.rename(alicante / "images" / image.name)
        image.parent.rmdir()
    assert PadChest(alicante)[1].pixels.shape == (1, 64, 64)


def test_strange_labels(alicante):
    rewrite(alicante, Labels=["['cardiomegalia']"] * 3)
    with pytest.raises(UnknownNameError, match=r"label of padchest 'cardiomegalia'. Did you mean 'cardiomegaly'"):
        PadChest(alicante)
    rewrite(alicante, Labels=["['normal']", "normal", "['normal']"])
    with pytest.raises(CorpusError, match=r"row 3: a cell of labels must be a list such as \['normal'\], got 'normal'"):
        PadChest(alicante)


def test_places_of_sentences():
    cell = (
        "[nan, ['unchanged'], [], ['pneumonia', 'loc right', 'loc lower lobe'], ['pneumonia', 'loc left', 'loc right']]"
    )
    assert padchest.places_of(cell) == {"pneumonia": ("right", "lower lobe", "left")}
    assert padchest.places_of("['nodule', 'loc apical']") == {"nodule": ("apical",)}
    assert padchest.places_of("['normal']") == padchest.places_of("[]") == {}


def first(corpus):
    return next(study for study in corpus.records if study.patient_id == "CXR1")


ROWS = 5_000


KNOWLEDGE = KnowledgeBase.load()


def write(table, path):
    table.to_csv(path, index=False)
    return table.astype(str)


def counts(corpus, concept):
    marks = Counter(study.presence(concept) for study in corpus.records)
    return marks[Presence.PRESENT], marks[Presence.ABSENT], marks[Presence.UNCERTAIN]


def test_labels(tmp_path):
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
    places = [corpus.places[image]["cardiomegaly"] for image in table["ImageID"][sentences]]
    assert len(places) > 5
    assert all("cardiac" in where for where in places)

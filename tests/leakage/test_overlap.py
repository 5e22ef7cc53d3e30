"""Films and patients that training has met, known again by their ids, and public corpora that hold the same films."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import radz.data
from eval_fakes import FINDINGS, make_corpus
from radz import registry
from radz.cli._overlap import shared_with_training
from radz.config import DataConfig
from radz.data.aliases import read_aliases
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.leakage.membership import film_names, pack, unpack
from radz.leakage.overlap import find_overlap, known_overlaps
from radz.provenance import Provenance
from radz.train.data import TrainingData
from radz.train.train import describe_films
from radz.types import Study


def study(study_id, patient="", image=None):
    return Study(study_id, patient, image=image and Path(image))


def trained(records, corpus, **changes):
    return Provenance(corpus=corpus, split="train", trained_ids=pack(records, corpus), **changes)


TEN = [study(f"{i:08d}_000.png", str(i)) for i in range(10)]


def test_a_film_is_known_again_within_its_corpus():
    found = find_overlap(
        trained(TEN, "chestxray14"), "chestxray14", [*TEN[:2], study("00000002_007.png", "2"), study("x")]
    )
    assert (found.studies, found.films, found.patients, found.recorded) == (4, 2, 3, True)
    assert found.lines() == [
        "2 of 4 studies show a film that was trained on",
        "3 of 4 studies show a patient that was trained on",
    ]


def test_a_published_film_name_is_known_again_in_every_table():
    table = [study("a", "nih-1", "/films/00000001_000.jpg"), study("images/00000003_001.jpg", "p"), study("b", "3")]
    found = find_overlap(trained(TEN, "chestxray14"), "manifest", table)
    assert (found.films, found.patients) == (1, 2), "patient '3' of another table is another patient"


def test_names_that_say_nothing_are_no_film():
    records = [
        study("train/p1/view1_frontal.jpg"),
        study("train/p2/view1_frontal.jpg"),
        study("7"),
        study("1.2.840.10008.5"),
    ]
    assert [sorted(names) for names in film_names(records)] == [[], [], [], ["1.2.840.10008.5"]]


def test_keys_are_short_and_hold_no_name():
    packed = pack(TEN, "chestxray14")
    assert len(unpack(packed)) == 40, "a film and a patient, each within the corpus and as published"
    assert "0000" not in packed
    assert unpack(pack(TEN[5:], "chestxray14", pack(TEN[:5], "chestxray14"))) == unpack(packed)


def test_an_rsna_film_is_an_nih_film_until_the_published_names_say_which(tmp_path):
    mapping = tmp_path / "pneumonia-challenge-dataset-mappings_2018.json"
    rows = [{"img_id": f"{i:08d}_000.png", "subset_img_id": f"uuid-{i}"} for i in range(5, 15)]
    mapping.write_text(json.dumps(rows))
    films = [study(f"uuid-{i}", f"uuid-{i}") for i in range(8, 13)]
    model = trained(TEN, "chestxray14")
    assert find_overlap(model, "rsna", films).lines() == [
        "all films of the RSNA challenge are ChestX-ray14 films (pneumonia-challenge-dataset-mappings_2018.json, "
        "published by the RSNA beside the data, gives the NIH name of each)"
    ]
    found = find_overlap(model, "rsna", films, read_aliases(mapping))
    assert (found.films, found.patients, found.known) == (2, 2, ())
    assert not find_overlap(model, "rsna", films[2:], read_aliases(mapping)).found


def test_a_model_that_did_not_record_its_films_is_not_cleared():
    early = Provenance(corpus="general", split="train", corpora=("mimic_cxr", "general"))
    found = find_overlap(early, "ms_cxr", [study("a")])
    assert found.found
    assert not found.recorded
    assert "MIMIC-CXR films" in found.lines()[0]


def test_overlaps_that_are_known_name_real_corpora():
    labelled = {path.stem for path in (Path(radz.data.__file__).parent / "labels").glob("*.yaml")}
    assert set().union(*(known.corpora for known in known_overlaps())) - labelled == {"ms_cxr"}, (
        "boxes and phrases only"
    )
    assert all(len(known.corpora) == 2 and known.what and known.ids and known.source for known in known_overlaps())


def test_lists_of_names(tmp_path):
    table = tmp_path / "names.csv"
    table.write_text("film,original\na,00000001_000.png\nb,\n")
    assert read_aliases(table) == {"a": "00000001_000.png"}
    table.write_text("film,original\na,\n")
    with pytest.raises(CorpusError, match=r"names.csv: names no film"):
        read_aliases(table)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(CorpusError, match="is not a list of entries with subset_img_id"):
        read_aliases(tmp_path / "a.json")


def test_what_was_met_passes_on_from_stage_to_stage():
    films = make_corpus(4, "train")
    data = TrainingData(films, films.records, FINDINGS, None, None, KnowledgeBase.load())
    settings = DataConfig(corpus="fake", root="somewhere")
    made = describe_films(data, settings, trained(TEN, "chestxray14"))
    assert made["corpora"] == ("chestxray14", "fake")
    assert unpack(made["trained_ids"]) == unpack(pack(TEN, "chestxray14")) | unpack(pack(films.records, "fake"))
    assert describe_films(data, settings, None)["trained_ids"] == pack(films.records, "fake")
    silent = settings.model_copy(update={"record_ids": False})
    assert describe_films(data, silent, None)["trained_ids"] == ""


def test_a_stage_on_films_that_nobody_recorded_does_not_pass_for_recorded():
    films = make_corpus(4, "train")
    data = TrainingData(films, films.records, FINDINGS, None, None, KnowledgeBase.load())
    start = Provenance(corpus="chestxray14", split="train")
    made = describe_films(data, DataConfig(corpus="fake", root="somewhere"), start)
    assert made == {"corpora": ("chestxray14", "fake"), "trained_ids": ""}


def test_pictures_of_the_training_corpus_are_compared_on_demand(tmp_path):
    manifest = registry.load("corpora", "manifest")
    table = manifest.fake(tmp_path / "trained")
    other = manifest(manifest.fake(tmp_path / "tested"), "train")
    model = Provenance(corpus="manifest", split="train")
    assert shared_with_training(model, other, "another") == ()
    assert shared_with_training(model, other, "another", training_root=table, training_options=["unlisted=absent"]) == (
        "1 of 1 studies look like a film that was trained on",
    )

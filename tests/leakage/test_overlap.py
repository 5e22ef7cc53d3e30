"""Images and patients shared with training: by id, and by known overlaps of public corpora."""

from __future__ import annotations

import json
from pathlib import Path

import radz.data
from radz.data.aliases import read_aliases
from radz.leakage.membership import pack_ids
from radz.leakage.overlap import find_overlap, known_overlaps
from radz.provenance import Provenance
from radz.types import Study


def study(study_id, patient="", image=None):
    return Study(study_id, patient, image=image and Path(image))


def trained(records, corpus, **changes):
    return Provenance(corpus=corpus, split="train", trained_ids=pack_ids(records, corpus), **changes)


TEN = [study(f"{i:08d}_000.png", str(i)) for i in range(10)]


def test_an_image_is_recognised_within_its_corpus():
    overlap = find_overlap(
        trained(TEN, "chestxray14"), "chestxray14", [*TEN[:2], study("00000002_007.png", "2"), study("x")]
    )
    assert (overlap.studies, overlap.images, overlap.patients, overlap.recorded) == (4, 2, 3, True)
    assert overlap.lines() == [
        "2 of 4 studies have an image in the training data",
        "3 of 4 studies have a patient in the training data",
    ]


def test_a_published_name_is_recognised_in_every_table():
    table = [study("a", "nih-1", "/films/00000001_000.jpg"), study("images/00000003_001.jpg", "p"), study("b", "3")]
    overlap = find_overlap(trained(TEN, "chestxray14"), "manifest", table)
    assert (overlap.images, overlap.patients) == (1, 2), "patient '3' of another table is another patient"


def test_an_rsna_image_counts_as_an_nih_image_until_the_published_names_say_which(tmp_path):
    mapping = tmp_path / "pneumonia-challenge-dataset-mappings_2018.json"
    rows = [{"img_id": f"{i:08d}_000.png", "subset_img_id": f"uuid-{i}"} for i in range(5, 15)]
    mapping.write_text(json.dumps(rows))
    images = [study(f"uuid-{i}", f"uuid-{i}") for i in range(8, 13)]
    model = trained(TEN, "chestxray14")
    assert find_overlap(model, "rsna", images).lines() == [
        "all films of the RSNA challenge are ChestX-ray14 films (pneumonia-challenge-dataset-mappings_2018.json, "
        "published by the RSNA beside the data, gives the NIH name of each)"
    ]
    overlap = find_overlap(model, "rsna", images, read_aliases(mapping))
    assert (overlap.images, overlap.patients, overlap.known) == (2, 2, ())
    assert not find_overlap(model, "rsna", images[2:], read_aliases(mapping)).shared


def test_a_model_without_recorded_images_is_not_cleared():
    early = Provenance(corpus="general", split="train", corpora=("mimic_cxr", "general"))
    overlap = find_overlap(early, "ms_cxr", [study("a")])
    assert overlap.shared
    assert not overlap.recorded
    assert "MIMIC-CXR films" in overlap.lines()[0]


def test_overlaps_that_are_known_name_real_corpora():
    labelled = {path.stem for path in (Path(radz.data.__file__).parent / "labels").glob("*.yaml")}
    assert set().union(*(known.corpora for known in known_overlaps())) - labelled == {"ms_cxr"}, (
        "boxes and phrases only"
    )
    assert all(len(known.corpora) == 2 and known.what and known.ids and known.source for known in known_overlaps())

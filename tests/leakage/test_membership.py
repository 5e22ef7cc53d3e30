"""Images and patients recognised by short hashes of their ids."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from radz.leakage.membership import BYTES, image_keys, image_names, origin_of, pack_ids, patient_keys, unpack_ids
from radz.types import Study


def study(study_id: str, patient: str = "", image: str | None = None) -> Study:
    return Study(study_id, patient, image=image and Path(image))


TEN = [study(f"{i:08d}_000.png", str(i)) for i in range(10)]


def test_names_with_few_digits_or_repeated_ones_identify_no_image():
    records = [
        study("train/p1/view1_frontal.jpg"),
        study("train/p2/view1_frontal.jpg"),
        study("7"),
        study("1.2.840.10008.5"),
    ]
    assert [sorted(names) for names in image_names(records)] == [[], [], [], ["1.2.840.10008.5"]]


def test_keys_are_short_and_hold_no_name():
    packed = pack_ids(TEN, "chestxray14")
    assert len(unpack_ids(packed)) == 40, "an image and a patient, each within the corpus and as published"
    assert "0000" not in packed
    assert unpack_ids(pack_ids(TEN[5:], "chestxray14", pack_ids(TEN[:5], "chestxray14"))) == unpack_ids(packed)


def test_keys_do_not_change_between_versions():
    """The values of radz 0.1, which checkpoints hold: e.g. printf film:chestxray14:00000001_000.png | sha256sum."""
    (keys,) = image_keys([study("00000001_000.png", "1")], "chestxray14")
    assert {key.hex() for key in keys} == {"5a93eda5cf", "3ee51343be"}
    (patients,) = patient_keys([study("00000001_000.png", "1")], "chestxray14")
    assert {key.hex() for key in patients} == {"92aae32ea0", "5637584128"}
    assert all(len(key) == BYTES for key in keys | patients)


def test_an_alias_gives_an_image_the_keys_of_its_original():
    (original,) = image_keys([study("00000001_000.png")], "chestxray14")
    (renamed,) = image_keys([study("uuid-1")], "rsna", {"uuid-1": "00000001_000.png"})
    assert len(original & renamed) == 1
    assert not original & image_keys([study("uuid-1")], "rsna")[0]


def test_a_study_without_patient_has_patient_keys_only_from_its_name():
    keys = patient_keys([study("scan", ""), study("00000001_000.png", "")], "manifest")
    assert [len(each) for each in keys] == [0, 1]


def test_the_origin_of_a_view_is_that_of_its_corpus():
    shards = SimpleNamespace(origin="chestxray14")
    assert origin_of(SimpleNamespace(corpus=SimpleNamespace(corpus=shards)), "folds") == "chestxray14"
    assert origin_of(SimpleNamespace(), "rsna") == "rsna"

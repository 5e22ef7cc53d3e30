"""Whose frequencies order the constant list."""

from __future__ import annotations

from calibration_fakes import by_hand
from radz.data.target import Target
from radz.experiments.frequency import usual_frequency
from radz.provenance import Provenance

MASS = ("mass",)


def trained(**supervised: int) -> Provenance:
    return Provenance(corpus="c", split="train", supervised=supervised)


def target(root, split: str = "test") -> Target:
    return Target("manifest", root, split, {"unlisted": "absent"})


def test_labels_of_the_training_come_first(labelled_images):
    values, whose = usual_frequency(("mass", "edema"), trained(mass=4, hernia=9), by_hand(), target(labelled_images))
    assert (values, whose) == ({"mass": 4.0}, "labels that the model was trained on")


def test_else_the_calibration_images(labelled_images):
    values, whose = usual_frequency(("effusion",), trained(mass=4), by_hand(), target(labelled_images))
    assert values == {"effusion": 0.25}
    assert whose.startswith("calibration images")


def test_else_the_train_split_of_the_corpus(labelled_images):
    values, whose = usual_frequency(MASS, trained(), None, target(labelled_images))
    assert (values, whose) == ({"mass": 24.0}, "split 'train' of the evaluated corpus")


def test_without_labels_the_reason_is_said(labelled_images, tmp_path):
    values, why = usual_frequency(MASS, trained(), None, target(labelled_images, "train"))
    assert values == {}
    assert why.endswith("and split 'train' is the evaluated one")
    values, why = usual_frequency(MASS, trained(), None, target(tmp_path / "none.csv"))
    assert values == {}
    assert "split 'train' cannot be opened" in why

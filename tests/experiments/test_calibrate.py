"""``radz.calibrate``: validation images to a calibration, as a typed result."""

from __future__ import annotations

import json

import pytest

import radz
from radz.errors import LeakageError

OPTIONS = {"unlisted": "absent"}


@pytest.fixture(scope="module")
def checkpoint(llava_dir, labelled_images, tmp_path_factory):
    """A model that has seen labels of mass, on other images."""
    from radz.model.checkpoint import save_checkpoint
    from radz.provenance import Provenance
    from tiny import tiny_model

    directory = tmp_path_factory.mktemp("calibrated") / "model"
    save_checkpoint(tiny_model(llava_dir), directory, Provenance(corpus="c", split="train", supervised={"mass": 9}))
    return directory


def test_the_result_says_what_has_a_probability_and_why_not(checkpoint, labelled_images, tmp_path):
    result = radz.calibrate(checkpoint, corpus="manifest", root=labelled_images, options=OPTIONS)
    assert result.path is None
    assert not (checkpoint / "calibration.json").exists()
    assert repr(result).startswith("<CalibrationResult: probabilities for 0 findings, none for 2; 24 studies of 24")
    frame = result.to_frame()
    assert dict(zip(frame["finding"], frame["probability"], strict=True)) == {"mass": False, "effusion": False}
    assert "20 of each" in frame.set_index("finding").loc["mass", "reason"]
    assert json.loads(result.to_json())["split"] == "val"
    assert result.reference is None
    assert result.no_reference == "24 reference images are too few: at least 50 are needed."
    written = radz.calibrate(
        checkpoint, corpus="manifest", root=labelled_images, options=OPTIONS, out=tmp_path / "mine.json"
    )
    assert written.path == tmp_path / "mine.json"
    assert radz.load(checkpoint, calibration=tmp_path / "mine.json").calibration == written.calibration


@pytest.mark.parametrize("split", ["train", "test"])
def test_only_validation_images_calibrate(checkpoint, labelled_images, split):
    with pytest.raises(LeakageError, match=f"takes split 'val', got '{split}'"):
        radz.calibrate(checkpoint, corpus="manifest", root=labelled_images, split=split)

"""The calibration file: what it holds, and which files are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import pytest

from calibration_fakes import N, appearances, fitted, make_anchors, validation
from radz.calibration.calibration_file import (
    UNSEEN,
    StoredCalibration,
    fit_calibration,
    read_calibration,
    texts_sha256,
    write_calibration,
)
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.metrics.scores_file import scores_sha256
from radz.storage import unsealed
from radz.types import Exposure

SHIPPED = files("radz").joinpath("checkpoints/default/calibration.json")


@pytest.fixture(scope="module")
def stored() -> StoredCalibration:
    return fitted()


def test_what_is_stored(stored):
    assert (stored.fingerprint, stored.anchors, stored.split, stored.split_hash) == ("f00d", "rules", "val", "h")
    assert (stored.studies, stored.patients) == (N, N)
    assert stored.prevalence == {"pneumonia": 0.5, "viral_pneumonia": 0.333333}
    assert set(stored.platt) == {"pneumonia", "viral_pneumonia"}
    assert stored.refused == {
        "mass": "4 positive and 116 negative validation images, 20 of each are needed",
        "fracture": UNSEEN,
    }
    assert "fracture" not in stored.texts
    assert stored.finding_set.recall == 0.9
    assert stored.out_of_distribution.images == N
    assert stored.agreement == pytest.approx(0.7), "the lowest of the findings that were seen"
    assert stored.missing == {}
    assert stored.scores_sha256 == scores_sha256(validation())


def test_no_single_image_is_stored(stored):
    content = stored.model_dump_json()
    assert "s0001" not in content
    assert "p0001" not in content
    assert len(stored.out_of_distribution.directions) <= 4, "of 8 dimensions"


def test_a_written_file_is_read_back(stored, tmp_path):
    write_calibration(stored, tmp_path / "deep" / "calibration.json")
    assert read_calibration(tmp_path / "deep" / "calibration.json", "f00d", "rules") == stored
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["calibration.json"]


def test_a_file_with_the_field_names_of_radz_0_1_is_read(stored, tmp_path):
    content = json.loads(stored.model_dump_json())
    distribution = content.pop("out_of_distribution")
    distribution["films"] = distribution.pop("images")
    old = tmp_path / "calibration.json"
    old.write_text(json.dumps(content | {"familiarity": distribution}))
    assert read_calibration(old, "f00d", "rules") == stored


def test_the_shipped_file_is_read():
    content = unsealed(json.loads(SHIPPED.read_text(encoding="utf-8")))
    shipped = StoredCalibration.model_validate(content)
    distribution = content.get("out_of_distribution", content.get("familiarity"))
    assert shipped.out_of_distribution.threshold == distribution["threshold"]
    assert shipped.out_of_distribution.images == distribution.get("images", distribution.get("films"))


def test_few_images_leave_parts_out_with_the_reason():
    table = validation()
    table = replace(table, rows=table.rows[table.rows["study"] < "s0005"])
    with_few = fit_calibration(table, appearances(), make_anchors())
    assert with_few.finding_set is None
    assert with_few.out_of_distribution is None
    assert "cannot guarantee a recall of 0.9" in with_few.missing["finding_set"]
    assert "at least 99 are needed" in with_few.missing["out_of_distribution"]
    assert not with_few.platt


def test_nothing_seen_nothing_to_calibrate():
    with pytest.raises(ScoresError, match=r"Nothing to calibrate: the model has seen none of pneumonia, "):
        fit_calibration(validation(marks=("unseen",) * 4), {}, make_anchors())


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_other_split_calibrates(split):
    with pytest.raises(LeakageError, match=f"split '{split}' cannot calibrate"):
        fit_calibration(validation(split), {}, make_anchors())


def test_the_reason_for_no_probability(stored):
    texts = {concept: texts for concept, texts in zip(make_anchors().concepts, make_anchors().texts, strict=True)}
    assert stored.why_no_probability("pneumonia", texts["pneumonia"], Exposure.SUPERVISED) == ""
    assert stored.why_no_probability("pneumonia", texts["pneumonia"], Exposure.UNSEEN) == UNSEEN
    assert stored.why_no_probability("mass", texts["mass"], Exposure.SEEN) == stored.refused["mass"]
    assert stored.why_no_probability("pneumonia", ("Other.",), Exposure.SEEN) == (
        "the texts of this finding have changed since calibration"
    )
    assert stored.why_no_probability("edema", ("Edema.",), Exposure.SEEN) == "not in the calibration set"


def test_the_hash_of_texts_is_that_of_their_lines():
    assert texts_sha256(("a", "b")) == "7e18f737311b2dc3"  # printf 'a\nb' | sha256sum
    assert texts_sha256(("b", "a")) != texts_sha256(("a", "b"))


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"split": "test"}, LeakageError, "fitted on split 'test', but calibration may only use split 'val'"),
        ({"fingerprint": "beef"}, CalibrationError, "belongs to the model beef, but this one is f00d"),
        ({"anchors": "names"}, CalibrationError, "belongs to the anchors 'names', but the anchors in use are 'rules'"),
        ({"agreement": "warm"}, CalibrationError, "damaged: agreement: Input should be a valid number"),
        ({"platt": {}, "refused": {}}, CalibrationError, "has neither a fit under platt nor a reason under refused"),
        ({"color": 1}, CalibrationError, "damaged: color: Extra inputs are not permitted"),
    ],
)
def test_an_unsuitable_file_is_refused(stored, tmp_path, change, kind, message):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(json.loads(stored.model_dump_json()) | change))
    with pytest.raises(kind, match=message):
        read_calibration(path, "f00d", "rules")

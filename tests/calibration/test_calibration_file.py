"""The calibration file, and what may be said of a film with it and without it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from eval_fakes import make_table
from radz.anchors import anchors_from_texts
from radz.calibration.calibration_file import (
    UNSEEN,
    StoredCalibration,
    fit_uncertainty,
    read_calibration,
    scores_sha256,
    write_calibration,
)
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.imaging.image import Image
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import ScoresTable
from radz.provenance import Provenance
from radz.serve.decision import Judge, why_of_another_kind
from radz.types import Anchors, Exposure

CONCEPTS = ("pneumonia", "viral_pneumonia", "mass", "fracture")
N = 120
NAMELESS = Image(np.zeros((1, 1, 1), np.float32))
CHEST = Provenance(corpus="c", split="train", fingerprint="f00d", anchors="rules")


def make_anchors(**texts) -> Anchors:
    own = tuple((texts.get(c, f"There is {c}."), "And so on.") for c in CONCEPTS)
    return Anchors(CONCEPTS, torch.eye(4), None, own, "rules", torch.tensor([0.8, 0.7, 0.9, 0.6]))


def validation(split: str = "val", marks=("supervised", "supervised", "seen", "unseen")) -> ScoresTable:
    """120 films: pneumonia and its kind rise with the score, four masses, fractures that nobody taught."""
    noise = np.random.default_rng(0).normal(size=(4, N))
    rare = (np.arange(N) < 4).astype(float)
    labels = [np.tile([1.0, 0.0], N // 2), np.tile([0.0, 0.0, 1.0], N // 3), rare, np.tile([1.0, 0.0], N // 2)]
    tables = [make_table(noise[j] + labels[j], labels[j], concept=c) for j, c in enumerate(CONCEPTS)]
    made = replace(tables[0].provenance, split=split, fingerprint="f00d", anchors="rules", corpus="c", split_hash="h")
    made = replace(made, exposure=dict(zip(CONCEPTS, marks, strict=True)))
    return ScoresTable(pd.concat([table.rows for table in tables]), made)


def looks(count: int = N, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(1).normal(shift, 1, size=(count, 8))


@pytest.fixture(scope="module")
def stored() -> StoredCalibration:
    films = {f"s{i:04d}": row for i, row in enumerate(looks())}
    return fit_uncertainty(validation(), films, make_anchors())


def judge(stored, scores, *, anchors=None, shift=0.0, image=None, marks=None):
    """The one result of a film of ``scores`` (C,)."""
    seen = dict(zip(CONCEPTS, map(Exposure, ("supervised", "supervised", "seen", "unseen")), strict=True))
    row = np.full((1, 8), shift)
    (result,) = Judge(CHEST, KnowledgeBase.load(), stored).results(
        ["film"],
        np.array([scores]),
        appearance=row,
        images=[image or NAMELESS],
        anchors=anchors or make_anchors(),
        exposures=seen | (marks or {}),
    )
    return result, {finding.name: finding for finding in result.findings}


# ---- the file


def test_what_is_stored(stored):
    assert (stored.fingerprint, stored.anchors, stored.split, stored.split_hash) == ("f00d", "rules", "val", "h")
    assert (stored.studies, stored.patients) == (N, N)
    assert stored.prevalence == {"pneumonia": 0.5, "viral_pneumonia": 0.333333}
    assert set(stored.platt) == {"pneumonia", "viral_pneumonia"}
    assert stored.refused == {
        "mass": "4 positive and 116 negative validation films, 20 of each are needed",
        "fracture": UNSEEN,
    }
    assert "fracture" not in stored.texts
    assert stored.finding_set.recall == 0.9
    assert stored.out_of_distribution.films == N
    assert stored.agreement == pytest.approx(0.7), "the least of those that were seen"
    assert stored.missing == {}
    assert stored.scores_sha256 == scores_sha256(validation())


def test_no_film_is_stored(stored):
    content = stored.model_dump_json()
    assert "s0001" not in content
    assert "p0001" not in content
    assert len(stored.out_of_distribution.directions) <= 4, "of 8 dimensions"


def test_the_hash_of_the_scores_does_not_depend_on_the_order_of_rows():
    table = validation()
    shuffled = replace(table, rows=table.rows.sample(frac=1, random_state=0))
    changed = replace(table, rows=table.rows.assign(score=table.rows["score"] + 1))
    assert scores_sha256(shuffled) == scores_sha256(table) != scores_sha256(changed)


def test_the_same_comes_back(stored, tmp_path):
    write_calibration(stored, tmp_path / "deep" / "calibration.json")
    assert read_calibration(tmp_path / "deep" / "calibration.json", "f00d", "rules") == stored
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["calibration.json"]


def test_few_films_leave_parts_out_and_say_why():
    films = {f"s{i:04d}": row for i, row in enumerate(looks())}
    table = validation()
    table = replace(table, rows=table.rows[table.rows["study"] < "s0005"])
    with_few = fit_uncertainty(table, films, make_anchors())
    assert with_few.finding_set is None
    assert with_few.out_of_distribution is None
    assert "cannot guarantee a recall of 0.9" in with_few.missing["finding_set"]
    assert "it takes at least 99" in with_few.missing["out_of_distribution"]
    assert not with_few.platt


def test_nothing_seen_nothing_to_calibrate():
    with pytest.raises(ScoresError, match=r"Nothing to calibrate: of pneumonia, .* the model has seen none"):
        fit_uncertainty(validation(marks=("unseen",) * 4), {}, make_anchors())


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_other_split_calibrates(split):
    with pytest.raises(LeakageError, match=f"split '{split}' cannot calibrate"):
        fit_uncertainty(validation(split), {}, make_anchors())


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"split": "test"}, LeakageError, "was fitted on split 'test'; only split 'val' calibrates"),
        ({"fingerprint": "beef"}, CalibrationError, "is of the model beef, but this one is f00d"),
        ({"anchors": "names"}, CalibrationError, "is of the anchors 'names', but 'rules' are compared with"),
        ({"agreement": "warm"}, CalibrationError, "damaged: agreement: Input should be a valid number"),
        ({"color": 1}, CalibrationError, "damaged: color: Extra inputs are not permitted"),
    ],
)
def test_a_file_of_anything_else_is_refused(stored, tmp_path, change, kind, message):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(json.loads(stored.model_dump_json()) | change))
    with pytest.raises(kind, match=message):
        read_calibration(path, "f00d", "rules")


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "calibration.json").write_text("{")
    with pytest.raises(CalibrationError, match=r"calibration.json is damaged: the file: Invalid JSON"):
        read_calibration(tmp_path / "calibration.json", "f00d", "rules")
    with pytest.raises(CalibrationError, match=r"There is no .*other.json. `radz calibrate` writes such a file"):
        read_calibration(tmp_path / "other.json", "f00d", "rules")


# ---- what is said of a film


def test_probability_where_calibrated_else_the_reason(stored):
    _, found = judge(stored, [0.5, 0.2, 0.1, 0.3])
    fit = stored.platt["pneumonia"]
    expected = 1 / (1 + np.exp(-(fit.slope * 0.5 + fit.offset)))
    assert found["pneumonia"].probability == pytest.approx(expected)
    assert found["pneumonia"].note == ""
    assert (found["mass"].probability, found["fracture"].probability) == (None, None)
    assert found["mass"].note == f"no probability: {stored.refused['mass']}"
    assert found["fracture"].note.startswith(f"no probability: {UNSEEN}")


def test_a_parents_probability_is_no_lower_than_its_childs(stored):
    _, found = judge(stored, [-3.0, 3.0, 0.0, 0.0])
    assert found["pneumonia"].score == found["viral_pneumonia"].score == 3.0
    assert found["pneumonia"].probability == found["viral_pneumonia"].probability > 0.5


def test_the_set_holds_what_scores_enough(stored):
    limit = stored.finding_set.threshold
    _, found = judge(stored, [limit, limit - 1e-6, limit + 1, 9.0])
    assert [found[c].in_set for c in CONCEPTS] == [True, False, True, None]
    _, raised = judge(stored, [limit - 1, limit, 0.0, 0.0])
    assert raised["pneumonia"].in_set is True, "with its kind"


def test_a_finding_whose_texts_changed_is_not_the_one_that_was_calibrated(stored):
    _, found = judge(stored, [9.0, 0.2, 0.1, 0.3], anchors=make_anchors(pneumonia="Something else."))
    assert (found["pneumonia"].probability, found["pneumonia"].in_set) == (None, None)
    assert found["pneumonia"].note == "no probability: what is said of this finding has changed since calibration"


def test_texts_that_disagree_are_noted(stored):
    _, found = judge(stored, [0.5, 0.2, 0.1, 0.3])
    assert found["fracture"].note.endswith("; its texts disagree: agreement 0.60, at least 0.70 where calibrated")
    assert "disagree" not in found["mass"].note


def test_agreement_by_hand():
    # unit vectors at a right angle have a mean of length 1 / sqrt 2, equal ones of length 1
    concepts = [KnowledgeBase.load()[name] for name in ("mass", "effusion")]
    vectors = {"x": [1.0, 0.0], "y": [0.0, 1.0]}
    anchors = anchors_from_texts(
        concepts, [["x", "y"], ["x"]], [["y"], ["y"]], lambda texts: torch.tensor([vectors[t] for t in texts]), "rules"
    )
    assert anchors.agreement.tolist() == pytest.approx([0.5**0.5, 1.0])


def test_without_calibration_every_finding_says_so():
    result, found = judge(None, [0.5, 0.2, 0.1, 0.3], shift=99)
    assert result.abstained == ""
    assert {f.note for f in found.values()} == {"no probability: this model has no calibration data"}
    assert {f.in_set for f in found.values()} == {None}


def test_a_film_far_from_the_calibration_films_is_not_judged(stored):
    near, _ = judge(stored, [0.5, 0.2, 0.1, 0.3])
    far, found = judge(stored, [0.5, 0.2, 0.1, 0.3], shift=5)
    assert near.abstained == ""
    assert far.abstained.startswith("the film lies at distance 1")  # 5 sqrt 8 = 14.1 standard deviations
    assert {(f.probability, f.in_set) for f in found.values()} == {(None, None)}
    assert found["pneumonia"].score == 0.5, "the scores are shown all the same"
    assert found["pneumonia"].note == "no probability: the film is not judged"


@pytest.mark.parametrize(
    ("modality", "body_part"),
    [("", ""), ("DX", "CHEST"), ("CR", "PORT CHEST"), ("RG", "THORAX"), ("OT", ""), ("DX", ""), ("", "LUNG")],
)
def test_a_header_of_the_models_kind_or_none_abstains_nothing(modality, body_part):
    assert why_of_another_kind(replace(NAMELESS, modality=modality, body_part=body_part), CHEST) == ""


@pytest.mark.parametrize(
    ("modality", "body_part", "reason"),
    [
        ("CT", "CHEST", "its header says Modality CT; the model knows the radiograph only (CR, DX, RG)"),
        ("MR", "", "its header says Modality MR"),
        ("DX", "HAND", "its header says body part HAND; the model knows the chest only (CHEST, THORAX, LUNG, LUNGS)"),
        ("CR", "CHESTABDOMEN", "its header says body part CHESTABDOMEN"),
    ],
)
def test_a_header_of_another_kind_abstains(modality, body_part, reason):
    result, _ = judge(None, [0.5, 0.2, 0.1, 0.3], image=replace(NAMELESS, modality=modality, body_part=body_part))
    assert result.abstained.startswith(reason)

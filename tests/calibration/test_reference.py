"""Quantiles of reference images: a score's place among them, by view, for every finding."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from calibration_fakes import CONCEPTS, make_anchors
from radz.calibration.reference import (
    ReferenceStatistics,
    fit_reference,
    read_reference,
    reference_path,
    write_reference,
)
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.storage import sealed, unsealed
from reference_fakes import provenance, reference

TEXTS = dict(zip(CONCEPTS, make_anchors().texts, strict=True))


def test_a_percentile_is_the_share_of_images_of_the_view_that_score_lower():
    stored = reference()
    assert stored.percentile("fracture", "AP", np.array([-1.0, 0.25, 0.5, 9.0])) == pytest.approx([0, 0.25, 0.5, 1])
    assert stored.percentile("fracture", "PA", np.array([0.5, 10.5])) == pytest.approx([0, 0.5])
    assert stored.percentile("fracture", "", np.array([1.0])) == pytest.approx([0.5], abs=0.01), "all images"


def test_counts_corpus_and_every_finding_are_stored_even_unseen_ones():
    stored = reference()
    assert stored.images == {"any": 120, "AP": 60, "PA": 60}
    assert (stored.patients, stored.corpus, stored.split, stored.fingerprint) == (60, "c", "val", "f00d")
    assert tuple(stored.quantiles) == CONCEPTS


def test_a_view_with_few_images_has_no_quantiles_and_the_reason_names_it():
    scores = np.arange(100.0)[:, None].repeat(len(CONCEPTS), axis=1)
    stored = fit_reference(scores, ["PA"] * 80 + ["AP"] * 20, ["p"] * 100, make_anchors(), provenance())
    assert set(stored.images) == {"any", "PA"}
    why = stored.why_no_percentile("mass", TEXTS["mass"], "AP")
    assert why == "there are too few reference images of view AP"
    assert stored.why_no_percentile("mass", TEXTS["mass"], "PA") == ""


def test_another_finding_and_other_texts_have_no_percentile():
    stored = reference()
    assert stored.why_no_percentile("mass", TEXTS["mass"], "") == ""
    assert stored.why_no_percentile("mass", ("Other.",), "").startswith("the texts of this finding have changed")
    assert stored.why_no_percentile("a new one", (), "") == "no reference images were scored for this finding"


def test_test_images_and_few_images_are_refused():
    with pytest.raises(LeakageError, match="Images of split 'test' cannot be reference images"):
        reference(split="test")
    with pytest.raises(ScoresError, match="3 reference images are too few: at least 50"):
        fit_reference(np.zeros((3, 4)), ["PA"] * 3, ["p"] * 3, make_anchors(), provenance())


def test_the_file_holds_the_same_and_belongs_to_one_model(tmp_path):
    path = tmp_path / "reference.json"
    write_reference(reference(), path)
    assert read_reference(path, "f00d", "rules") == reference()
    with pytest.raises(CalibrationError, match="belongs to the model f00d with the anchors 'rules', but this one"):
        read_reference(path, "beef", "rules")
    with pytest.raises(CalibrationError, match="is f00d with 'names'"):
        read_reference(path, "f00d", "names")
    with pytest.raises(CalibrationError, match="There is no"):
        read_reference(tmp_path / "none.json", "f00d", "rules")
    changed = unsealed(json.loads(path.read_text())) | {"split": "test"}
    path.write_text(json.dumps(sealed(changed)))
    with pytest.raises(LeakageError, match="reference images may only be of train or val"):
        read_reference(path, "f00d", "rules")


@pytest.mark.parametrize("text", ["", "1", "2 1", "1 nan"])
def test_quantiles_that_do_not_rise_are_damage(text):
    damaged = reference().model_dump() | {"quantiles": {"mass": {"any": text}}}
    with pytest.raises(ValidationError, match="the quantiles of mass, view any, are not at least two rising numbers"):
        ReferenceStatistics.model_validate(damaged)


def test_the_file_is_named_after_that_of_the_calibration():
    assert reference_path(Path("a/calibration.json")) == Path("a/reference.json")
    assert reference_path(Path("a/mine.json")) == Path("a/mine.reference.json")

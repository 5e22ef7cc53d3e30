"""The shipped checkpoint scores the simulated radiograph as it did when it was measured."""

from __future__ import annotations

import json

import numpy as np
import pytest

import radz
from radz.calibration.calibration_file import CALIBRATION, read_calibration
from radz.calibration.reference import REFERENCE, read_reference
from radz.serve.predictor import shipped_checkpoint
from radz.simulate.film import write_demo_film

SCORES = {
    "pneumonia": 0.4225267,
    "bacterial_pneumonia": 0.3753378,
    "atelectasis": 0.3194886,
    "viral_pneumonia": 0.3101634,
    "covid_19": 0.3101634,
    "infiltration": 0.2384908,
    "fracture": 0.2231267,
    "emphysema": 0.2093405,
    "tuberculosis": 0.1636349,
    "pneumothorax": 0.1187442,
    "consolidation": 0.0969183,
    "mass": 0.0538053,
    "nodule": 0.0277478,
    "hernia": -0.0140826,
    "fibrosis": -0.0335319,
    "pleural_thickening": -0.0604116,
    "edema": -0.1511476,
    "effusion": -0.2542494,
    "cardiomegaly": -0.2632916,
}
"""Printed by the commit before the tree was rearranged (613edb0), in float32 on a CPU."""


@pytest.mark.slow
def test_scores_of_the_simulated_film_are_those_that_were_measured(tmp_path):
    result = radz.load(dtype="float32").predict(write_demo_film(tmp_path / "film.dcm"))
    scores = {finding.name: finding.score for finding in result.findings}
    assert set(scores) == set(SCORES)
    np.testing.assert_allclose([scores[name] for name in SCORES], list(SCORES.values()), atol=1e-5)


@pytest.mark.slow
def test_every_finding_has_a_percentile_and_those_with_a_probability_come_first(tmp_path):
    findings = radz.load(dtype="float32").predict(write_demo_film(tmp_path / "film.dcm")).findings
    assert all(0 <= finding.percentile <= 1 for finding in findings)
    calibrated = [finding.probability for finding in findings[:9]]
    assert calibrated == sorted(calibrated, reverse=True)
    rest = [finding.percentile for finding in findings[9:]]
    assert rest == sorted(rest, reverse=True)
    assert {finding.probability for finding in findings[9:]} == {None}


def test_the_shipped_statistics_belong_to_the_shipped_model():
    place = shipped_checkpoint()
    provenance = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    model, anchors = provenance["fingerprint"], provenance["anchors"]
    calibration = read_calibration(place / CALIBRATION, model, anchors)
    reference = read_reference(place / REFERENCE, model, anchors)
    assert calibration.split == reference.split == "val"
    assert calibration.split_hash == reference.split_hash
    assert reference.images == {"any": 333, "AP": 123, "PA": 210}
    assert set(calibration.texts) < set(reference.texts)


@pytest.mark.slow
def test_the_shipped_checkpoint_is_small_and_scores_any_image(image_folder):
    assert (shipped_checkpoint() / "model.safetensors").stat().st_size < 30e6
    result = radz.load().predict(image_folder / "0.png")
    assert len(result.findings) == 19
    assert all(np.isfinite(finding.score) for finding in result.findings)

"""The shipped checkpoint scores the simulated radiograph as it did when it was measured."""

from __future__ import annotations

import numpy as np
import pytest

import radz
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
    assert [finding.name for finding in result.findings] == list(SCORES)
    np.testing.assert_allclose([finding.score for finding in result.findings], list(SCORES.values()), atol=1e-5)


@pytest.mark.slow
def test_the_shipped_checkpoint_is_small_and_scores_any_image(image_folder):
    assert (shipped_checkpoint() / "model.safetensors").stat().st_size < 30e6
    result = radz.load().predict(image_folder / "0.png")
    assert len(result.findings) == 19
    assert all(np.isfinite(finding.score) for finding in result.findings)

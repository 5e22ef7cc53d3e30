"""Linear probes: what is planted is found, in the token that has it, and no patient is on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from radz.errors import ScoresError
from radz.eval.probe import compare_roles, mean_auroc, probe
from radz.model.tokens.medical import image_roles

N, D = 240, 4


def planted(seed=0):
    """Token 0 has the label in its first dimension, token 1 has noise; two films a patient."""
    rng = np.random.default_rng(seed)
    patients = np.array([f"p{i // 2}" for i in range(N)])
    labels = rng.integers(0, 2, N).astype(float)
    features = rng.normal(size=(N, 2, D))
    features[:, 0, 0] += 20 * labels
    return features, labels, patients


def test_a_planted_label_is_found_in_its_token_alone():
    features, labels, patients = planted()
    scores, strata = probe(features, labels, patients), [""] * N
    first, second, difference = compare_roles(
        (mean_auroc(scores, labels, [0], strata), mean_auroc(scores, labels, [1], strata)), patients, labels, draws=100
    )
    assert first.value == 1
    assert (first.interval.low, first.interval.high) == (1, 1)
    assert second.interval.low < 0.5 < second.interval.high
    assert difference.value == pytest.approx(1 - second.value)
    assert difference.interval.low > 0.3


def test_a_role_is_the_mean_of_its_tokens_and_a_token_equals_itself():
    features, labels, patients = planted()
    scores, strata, ones = probe(features, labels, patients), [""] * N, np.ones((N, 1))
    one, two, both = (mean_auroc(scores, labels, tokens, strata)(ones)[0, 0] for tokens in ([0], [1], [0, 1]))
    assert both == pytest.approx((one + two) / 2)
    same = mean_auroc(scores, labels, [0], strata)
    assert compare_roles((same, same), patients, labels, draws=20)[2].value == 0


def test_what_only_a_patient_tells_is_not_found():
    """Each patient has a direction of its own and one label: a probe that saw the patient would know it."""
    patients = np.array([f"p{i // 2}" for i in range(100)])
    labels = (np.arange(100) // 2 % 2).astype(float)
    features = np.repeat(np.eye(50), 2, axis=0)[:, None]
    scores = probe(features, labels, patients)
    assert abs(mean_auroc(scores, labels, [0], [""] * 100)(np.ones((100, 1)))[0, 0] - 0.5) < 0.15  # measured: 0.00
    for fold in range(5):
        assert not set(patients[scores.folds == fold]) & set(patients[scores.folds != fold])


def test_pairs_are_compared_within_their_stratum():
    """The stratum tells the label in part; within it the token is noise."""
    rng = np.random.default_rng(1)
    strata = rng.integers(0, 2, N)
    labels = (rng.random(N) < np.where(strata, 0.8, 0.2)).astype(float)
    features = np.stack([strata + 0.01 * rng.normal(size=N), rng.normal(size=N)], axis=1)[:, None]
    scores, ones = probe(features, labels, np.arange(N)), np.ones((N, 1))
    assert mean_auroc(scores, labels, [0], [""] * N)(ones)[0, 0] > 0.7
    assert abs(mean_auroc(scores, labels, [0], strata)(ones)[0, 0] - 0.5) < 0.12  # measured: 0.07


def test_too_few_patients_of_a_class_are_refused():
    features, labels, patients = planted()
    labels[:] = 0
    labels[:6] = 1  # three patients
    with pytest.raises(ScoresError, match="needs 5 patients with label 1, found 3"):
        probe(features, labels, patients)


def test_roles_of_the_image_tokens():
    assert image_roles(4) == ("anatomy", "anatomy", "pathology", "pathology")
    assert image_roles(3) == ("anatomy", "pathology", "pathology")
    assert image_roles(1) == ("both",)

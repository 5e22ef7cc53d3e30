"""Distance of an image from the calibration images."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from radz.calibration.out_of_distribution import OutOfDistribution, fit_out_of_distribution
from radz.errors import ScoresError


def test_distance_by_hand():
    # in units of 1, 1 and 10: 2 along a direction of variance 4, 3 across with variance 1: sqrt(4 / 4 + 9 / 1)
    known = OutOfDistribution((1.0, 0.0, 0.0), (1.0, 1.0, 10.0), ((0.0, 1.0, 0.0),), (4.0,), 1.0, 2.0, 0.99, 100)
    appearances = np.array([[1.0, 2.0, 30.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(known.distances(appearances), [10**0.5, 0], atol=1e-12)


def test_squared_distance_is_the_log_likelihood_of_probabilistic_pca():
    images = np.random.default_rng(0).normal(size=(300, 40)) * np.linspace(3, 0.5, 40)
    scaled = images / images.std(axis=0)
    known, reference = fit_out_of_distribution(images, np.arange(300)), PCA(16, svd_solver="full").fit(scaled)
    score, squared = reference.score_samples(scaled), known.distances(images) ** 2
    np.testing.assert_allclose(score - score[0], (squared[0] - squared) / 2, atol=1e-4)  # measured 4.8e-6


def test_new_images_of_the_same_kind_keep_the_distance_and_others_do_not():
    rng = np.random.default_rng(1)
    known = fit_out_of_distribution(rng.normal(size=(200, 60)), np.arange(200))
    same, other = (known.distances(rng.normal(shift, 1, size=(2000, 60))) for shift in (0, 1.5))
    assert (same > known.threshold).mean() < 0.03  # measured 0.004; one refused in a hundred is what was asked for
    assert (other > known.threshold).mean() > 0.99  # measured 1.000


def test_a_patients_images_do_not_vouch_for_each_other():
    # ten patients, far apart, of twenty equal images each: near to their own, far from the others' distribution
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(10), 20)
    images = rng.normal(size=(10, 60))[patients] + rng.normal(scale=0.01, size=(200, 60))
    assert (
        fit_out_of_distribution(images, patients).threshold
        > 10 * fit_out_of_distribution(images, np.arange(200)).threshold
    )


def test_the_unit_of_a_number_does_not_matter():
    images, units = np.random.default_rng(4).normal(size=(150, 8)), np.logspace(-3, 3, 8)
    one, two = (fit_out_of_distribution(appearances, np.arange(150)) for appearances in (images, images * units))
    np.testing.assert_allclose(one.distances(images), two.distances(images * units), rtol=1e-4)  # measured 2e-6


def test_few_images_or_equal_ones_give_no_threshold():
    with pytest.raises(
        ScoresError,
        match=r"98 validation images are too few for the distance .* 99% .*: at least 99",
    ):
        fit_out_of_distribution(np.zeros((98, 4)), np.arange(98))
    with pytest.raises(ScoresError, match="have the same appearance"):
        fit_out_of_distribution(np.ones((99, 4)), np.arange(99))
    with pytest.raises(ScoresError, match="vary in at most 2 directions: they are too similar"):
        fit_out_of_distribution(np.eye(4)[np.arange(99) % 2], np.arange(99))


def test_the_rank_of_the_threshold():
    # 99 images: ceil(100 * 0.99) = 99, the largest held-out distance
    images = np.random.default_rng(3).normal(size=(99, 4))
    images[7] = 50
    known = fit_out_of_distribution(images, np.arange(99))
    assert known.threshold > 10
    assert known.images == 99

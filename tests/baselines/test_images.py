"""Images on their way into a baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from baseline_fakes import ANCHORS, STUDIES
from radz.baselines._images import as_rgb_image, best_device, image_features, rgb_images, score_in_batches
from radz.errors import ImageError


def test_grey_becomes_eight_bits_in_three_channels():
    image = as_rgb_image(np.array([[[0.0, 0.5, 1.0, 2.0, -1.0]]], dtype=np.float32))
    assert image.mode == "RGB"
    assert np.asarray(image)[0].tolist() == [[0] * 3, [128] * 3, [255] * 3, [255] * 3, [0] * 3]


def test_batches_keep_the_order():
    sizes = []

    def score_images(images):
        sizes.append(len(images))
        return np.stack([np.full(3, image.mean()) for image in images])

    scores = score_in_batches(STUDIES, ANCHORS, 2, score_images)
    assert sizes == [2, 1]
    assert scores.study_ids == tuple(study.study_id for study in STUDIES)
    assert scores.values.dtype == np.float32
    np.testing.assert_allclose(scores.values[:, 2], [study.pixels.mean() for study in STUDIES], rtol=1e-6)


def test_features_carry_the_ids_of_their_studies():
    features = image_features(STUDIES, torch.eye(3), torch.zeros(3, 4, 2))
    assert features.study_ids == tuple(study.study_id for study in STUDIES)
    assert features.positions.shape == (3, 4, 2)


def test_an_image_that_was_not_read_is_named():
    with pytest.raises(ImageError, match="Study test-000 has no pixels"):
        rgb_images([replace(STUDIES[0], pixels=None)])


def test_an_accelerator_is_taken_where_there_is_one(monkeypatch):
    for available, device in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda available=available: available)
        assert best_device().type == device

"""Encode once, compare with any anchors: the features of one forward pass and what is computed from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from radz.errors import ImageError
from radz.model.encoder import Encoder
from radz.types import Anchors, ImageFeatures, Study, TwoStepModel
from tiny import tiny_model

ATTENTION = {"pooling": "attention"}


def studies(count=3):
    rng = np.random.default_rng(0)
    return [Study(f"s{i}", f"p{i}", pixels=rng.random((1, 40, 30), dtype=np.float32)) for i in range(count)]


def anchors_of(encoder, negative=True):
    rows = encoder.encode_text(["There is a mass.", "Normal.", "There is no mass.", "Not normal."])
    return Anchors(("mass", "effusion"), rows[:2], rows[2:] if negative else None, (), "names")


@pytest.fixture(scope="module", params=["mean", "attention"])
def encoder(llava_dir, request):
    return Encoder(tiny_model(llava_dir, readout={"pooling": request.param}), batch_size=2)


def test_it_is_a_two_step_model_and_scores_in_batches(encoder):
    assert isinstance(encoder, TwoStepModel)
    anchors = anchors_of(encoder)
    whole = encoder.similarity(encoder.encode(studies()), anchors)
    assert whole.study_ids == ("s0", "s1", "s2")
    np.testing.assert_allclose(encoder.score(studies(), anchors).values, whole.values, atol=1e-6)  # measured: 1e-7


def test_a_score_is_the_cosine_with_the_anchor_less_that_with_its_denial(llava_dir):
    encoder = Encoder(tiny_model(llava_dir))
    features, anchors = encoder.encode(studies()), anchors_of(encoder)
    assert torch.allclose(features.embedding.norm(dim=1), torch.ones(3))
    expected = features.embedding @ (anchors.positive - anchors.negative).T
    np.testing.assert_allclose(encoder.similarity(features, anchors).values, expected.numpy(), atol=1e-6)


def test_what_one_pass_gives_does_not_depend_on_neighbours(encoder):
    together = encoder.encode(studies())
    alone = ImageFeatures.concatenate([encoder.encode([study]) for study in studies()])
    assert alone.study_ids == together.study_ids
    assert together.appearance.shape == (3, 32)  # mean and spread of 16 channels
    assert together.tower.shape == (3, 16)
    assert (together.positions is None) == (encoder.model.readout.queries is None)
    np.testing.assert_allclose(together.appearance, alone.appearance, atol=1e-5)
    torch.testing.assert_close(together.embedding, alone.embedding, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.tower, alone.tower, atol=1e-5, rtol=0)


def test_rows_can_be_taken_in_any_order(encoder):
    features, anchors = encoder.encode(studies()), anchors_of(encoder, negative=False)
    values = encoder.similarity(features, anchors).values
    taken = features.take([2, 0, 2])
    assert taken.study_ids == ("s2", "s0", "s2")
    np.testing.assert_allclose(encoder.similarity(taken, anchors).values, values[[2, 0, 2]], atol=1e-6)


def test_a_study_without_pixels_is_refused(encoder):
    with pytest.raises(ImageError, match=r"Study x has no pixels. Read it through its corpus: corpus\[i\]"):
        encoder.encode([*studies(1), Study("x", "p")])

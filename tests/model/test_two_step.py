"""``score`` of a model that has ``encode`` and ``similarity``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from eval_fakes import FINDINGS, make_anchors, make_corpus
from radz.errors import ImageError
from radz.model.two_step import TwoStep, pixels_of
from radz.types import ImageFeatures, Scores, TwoStepModel

STUDIES = make_corpus(5).studies


class Mean(TwoStep):
    """The mean of an image for every concept but the last, which has no score."""

    name, batch_size = "mean", 2

    def __init__(self):
        self.batches = []

    def encode(self, studies):
        self.batches.append(len(studies))
        rows = torch.tensor([[float(image.mean())] for image in pixels_of(studies)])
        return ImageFeatures(tuple(study.study_id for study in studies), rows)

    def similarity(self, features, anchors):
        values = features.embedding.expand(-1, len(anchors)).numpy().copy()
        values[:, -1] = np.nan
        return Scores(features.study_ids, anchors.concepts, values, {anchors.concepts[-1]: "unknown"})


def test_scores_of_all_batches_in_order():
    model = Mean()
    scores = model.score(STUDIES, make_anchors())
    assert isinstance(model, TwoStepModel)
    assert model.batches == [2, 2, 1]
    assert scores.study_ids == tuple(study.study_id for study in STUDIES)
    assert scores.concepts == FINDINGS
    assert scores.values.dtype == np.float32
    np.testing.assert_allclose(scores.values[:, 0], [study.pixels.mean() for study in STUDIES], rtol=1e-6)
    assert scores.notes == {"pneumothorax": "unknown"}


def test_no_studies_are_no_rows():
    assert Mean().score([], make_anchors()).values.shape == (0, 3)


def test_an_image_that_was_not_read_is_named():
    with pytest.raises(ImageError, match=r"Study test-001 has no pixels. Read it through its corpus: corpus\[i\]"):
        pixels_of([STUDIES[0], replace(STUDIES[1], pixels=None)])

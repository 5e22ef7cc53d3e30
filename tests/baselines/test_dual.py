"""The comparison that all dual encoders share, over an encoder whose vectors are known."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from baseline_fakes import ANCHORS, CONTEXT, STUDIES
from radz.baselines._dual import DualEncoder


class Known(DualEncoder):
    """Images are (mean, 1); a statement is (0, 2) and a denial (-3, 0)."""

    name, checkpoint = "known", "default"

    def load(self, source):
        self.source = source

    def modules(self):
        return [nn.Identity()]

    def encode_images(self, images):
        return torch.tensor([[np.asarray(image).mean() / 255, 1.0] for image in images])

    def encode_texts(self, texts):
        return torch.tensor([[-3.0, 0.0] if " no " in text else [0.0, 2.0] for text in texts])


def expected():
    images = [np.rint(study.pixels * 255).mean() / 255 for study in STUDIES]
    return np.array([[mean, 1.0] / np.hypot(mean, 1.0) for mean in images])


def test_the_score_is_the_cosine_with_the_statement_less_that_with_the_denial():
    model = Known.open(None, CONTEXT)
    assert model.source == "default"
    values = model.score(STUDIES, ANCHORS).values
    np.testing.assert_allclose(values[:, 1], expected()[:, 1] + expected()[:, 0], atol=1e-5)


def test_the_positive_rule_is_the_cosine_with_the_statement():
    values = Known.open("elsewhere", CONTEXT, rule="positive").score(STUDIES, ANCHORS).values
    np.testing.assert_allclose(values[:, 1], expected()[:, 1], atol=1e-5)


def test_prompts_of_the_user_are_asked():
    swapped = Known.open(None, CONTEXT, prompts="There is no {}.|There is {}.").score(STUDIES, ANCHORS).values
    np.testing.assert_allclose(swapped, -Known.open(None, CONTEXT).score(STUDIES, ANCHORS).values, atol=1e-6)

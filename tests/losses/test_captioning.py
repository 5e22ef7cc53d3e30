"""Captioning: the mean over pairs."""

from __future__ import annotations

import torch

from loss_fakes import Inputs, loss, pairs
from radz.types import Features


def test_it_is_the_mean_over_pairs():
    inputs = Inputs(Features(), pairs(3), captions=torch.tensor([1.0, 2.0, 6.0], dtype=torch.bfloat16))
    assert float(loss("captioning")(inputs)["captioning"]) == 3

"""Similarities as logits: the scale, learned or fixed, and its bound."""

from __future__ import annotations

import torch

from loss_fakes import Inputs, loss, pairs, unit
from radz.losses._contrast import scaled_similarity
from radz.types import Features


def test_a_learned_temperature_gets_a_gradient_and_a_fixed_one_is_no_parameter():
    features = Features(*(unit(4, 6, seed=seed) for seed in range(4)))
    learned, fixed = loss("alignment", learn_temperature=True), loss("alignment")
    learned(Inputs(features, pairs(4)))["alignment"].backward()
    assert learned.log_scale.grad.abs() > 0
    assert not [*fixed.parameters()]


def test_the_scale_stays_below_a_hundred_and_bfloat16_is_compared_in_float32():
    x = torch.eye(2, dtype=torch.bfloat16)
    logits = scaled_similarity(x, x, torch.tensor(9.0))
    assert logits.dtype == torch.float32
    torch.testing.assert_close(
        logits, 100 * torch.eye(2), rtol=1e-4, atol=0
    )  # measured: 3e-5, the bound is log(100) in five digits

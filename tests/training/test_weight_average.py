"""The moving average of weights."""

from __future__ import annotations

import torch

from radz.training.weight_average import WeightAverage


def test_it_starts_at_the_first_weights_and_moves_by_one_minus_the_decay():
    average = WeightAverage(0.75)
    weights = {"a": torch.tensor([4.0]), "count": torch.tensor(1)}
    average.update(weights)
    weights["a"].fill_(8.0)  # training changes them in place
    assert average.tensors["a"].item() == 4
    average.update(weights | {"count": torch.tensor(2)})
    assert average.tensors["a"].item() == 0.75 * 4 + 0.25 * 8
    assert average.tensors["count"].item() == 2


def test_after_many_steps_it_is_the_closed_form():
    average = WeightAverage(0.9)
    for step in range(20):
        average.update({"a": torch.tensor(float(step), dtype=torch.float64)})
    expected = 0.9**19 * 0 + sum(0.1 * 0.9 ** (19 - step) * step for step in range(1, 20))
    torch.testing.assert_close(average.tensors["a"].item(), expected)

"""What a loss may read, and that nothing else is read."""

from __future__ import annotations

import pytest
import torch

from loss_fakes import Inputs, loss, pairs, unit
from radz import registry
from radz.losses._inputs import LossInputs
from radz.training.loss_inputs import BatchInputs
from radz.types import Features

NAMES = {name for name, value in vars(LossInputs).items() if isinstance(value, property)}


class Watched:
    """Inputs that remember which of them were read."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs, self.read = inputs, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self.inputs, name)


def test_training_offers_every_input_and_so_do_the_fakes():
    assert {name for name in NAMES if hasattr(BatchInputs, name)} == NAMES
    assert set(Inputs.__dataclass_fields__) == NAMES


@pytest.mark.parametrize("name", registry.names("losses"))
def test_a_loss_reads_only_what_it_may(name):
    features = Features(*(unit(4, 6, seed=i) for i in range(4)), image_tokens=unit(4, 3, 6), text_tokens=unit(4, 3, 6))
    watched = Watched(Inputs(features, pairs([[1, 0, 0]] * 4), second_view=features, captions=torch.ones(4)))
    loss(name, "cross")(watched)
    assert watched.read <= NAMES
    assert watched.read, "a loss that reads nothing cannot train anything"

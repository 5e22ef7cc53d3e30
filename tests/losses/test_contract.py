"""The contract that every file of radz/losses keeps; a new loss is tested without a line here."""

from __future__ import annotations

import inspect

import pytest
import torch

from loss_fakes import Inputs, loss, pairs, unit
from radz import registry
from radz.config import LossConfig, build_config
from radz.errors import ConfigError
from radz.types import Features

NAN = float("nan")
NAMES = ("image_global", "image_local", "text_global", "text_local")
LOSSES = registry.names("losses")


def features(count: int, order=None, dtype=torch.float32, seed=0) -> Features:
    """Random features of ``count`` pairs, in another ``order`` where it is given."""
    rows = [unit(count, 6, seed=seed + i).to(dtype) for i in range(4)]
    tokens = unit(count, 3, 6, seed=seed + 4).to(dtype)
    order = list(range(count)) if order is None else order
    return Features(*(row[order] for row in rows), image_tokens=tokens[order], text_tokens=tokens[order])


def inputs(count: int, labels, order=None, dtype=torch.float32) -> Inputs:
    """Everything that a loss may read: three concepts, the second a child of the first."""
    order = list(range(count)) if order is None else order
    rows = pairs([labels[i] for i in order], list(range(count)))
    second_view = features(count, order, seed=7)
    captions = torch.arange(1.0, count + 1)[order]
    return Inputs(
        features(count, order, dtype), rows, second_view=second_view, drift=torch.tensor(0.25), captions=captions
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_loss_is_a_named_finite_scalar_at_any_size(name, count, dtype):
    terms = loss(name, "cross")(inputs(count, [[1, 0, NAN]] * count, dtype=dtype))
    assert set(terms) == {name}
    assert terms[name].dtype == torch.float32
    assert terms[name].shape == ()
    assert torch.isfinite(terms[name])


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_of_studies_does_not_matter(name):
    labels = [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]
    one, two = (loss(name, "cross")(inputs(4, labels, order))[name] for order in (None, [2, 0, 3, 1]))
    assert float(one) == pytest.approx(float(two), abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_takes_its_inputs_and_nothing_else(name):
    assert [*inspect.signature(registry.load("losses", name).forward).parameters] == ["self", "inputs"]


@pytest.mark.parametrize("weights", [{}, {"alignment": 0.0}, {"alignment": -1.0}])
def test_a_loss_without_weight_is_an_error(weights):
    with pytest.raises(ConfigError, match="every loss needs a weight above 0"):
        build_config(LossConfig, {"weights": weights})

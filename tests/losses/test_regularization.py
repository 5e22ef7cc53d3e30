"""Regularization from values one can derive."""

from __future__ import annotations

import pytest
import torch

from loss_fakes import Inputs, anchors, loss, pairs, unit
from radz.losses.regularization import disorder, resemblance
from radz.types import Features


def test_resemblance_of_tokens():
    assert float(resemblance(torch.eye(3).unsqueeze(0))) == 0
    assert float(resemblance(torch.eye(3)[:1].expand(2, 4, 3))) == 1
    assert float(resemblance(torch.ones(2, 1, 1))) == 0  # K = 1


def test_disorder_by_hand():
    """Child and parent at cosine 0.6, child and unrelated at 0.8: 0.1 + 0.8 - 0.6."""
    rows = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, -0.6]])
    assert float(disorder(rows, torch.tensor([[0, 1, 2]]), 0.1)) == pytest.approx(0.3, abs=1e-6)
    assert float(disorder(rows, torch.tensor([[0, 2, 1]]), 0.1)) == 0
    assert float(disorder(rows, torch.empty(0, 3, dtype=torch.int64), 0.1)) == 0


def test_it_is_the_sum_of_its_terms():
    rows, features, hierarchy = unit(3, 8), Features(image_tokens=unit(2, 4, 8)), torch.tensor([[0, 1, 2]])
    inputs = Inputs(features, pairs(2), anchors(rows), hierarchy=hierarchy, drift=torch.tensor(0.5))
    value = loss("regularization")(inputs)["regularization"]
    torch.testing.assert_close(value, resemblance(features.image_tokens) + disorder(rows, hierarchy, 0.1) + 0.5)

"""Consistency from values one can derive."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from loss_fakes import Inputs, anchors, loss, pairs, unit
from radz.config import DataConfig, build_config
from radz.errors import ConfigError
from radz.losses.consistency import symmetric_kl
from radz.types import Features


def value(image, text, rows, second_view=None, **settings):
    inputs = Inputs(Features(image, image, text, text), pairs(len(image)), anchors(rows), second_view)
    return loss("consistency", **settings)(inputs)["consistency"]


def test_by_hand():
    """Rankings (e, 1) and (1, e) over e + 1: the divergence is (e - 1) / (e + 1)."""
    eye = torch.eye(2)
    rows = torch.cat([eye, eye], dim=1) / math.sqrt(2)  # the embedding of two equal parts
    assert float(value(eye, eye.flip(0), rows, temperature=1.0)) == pytest.approx((math.e - 1) / (math.e + 1), abs=1e-6)


def test_it_is_symmetric_zero_for_equals_and_gives_the_anchors_no_gradient():
    x, y, rows = unit(3, 4), unit(3, 4, seed=1), unit(3, 8, seed=2).requires_grad_()
    one, two = value(x, y, rows), value(y, x, rows)
    torch.testing.assert_close(one, two)
    assert not one.requires_grad
    assert float(value(x, x, rows, Features(x, x))) == 0


def test_two_views_need_no_report():
    x, y, rows = unit(3, 4), unit(3, 4, seed=1), unit(3, 8, seed=2)
    inputs = Inputs(Features(x, x), pairs(3), anchors(rows), Features(y, y))
    torch.testing.assert_close(loss("consistency")(inputs)["consistency"], value(x, y, rows))


def test_symmetric_kl_against_torch():
    p, q = unit(4, 5).log_softmax(1), unit(4, 5, seed=1).log_softmax(1)
    both = [F.kl_div(a, b, reduction="batchmean", log_target=True) for a, b in ((p, q), (q, p))]
    torch.testing.assert_close(symmetric_kl(p, q), sum(both) / 2)


@pytest.mark.parametrize("settings", [{"augment": False}, {"cached_views": 1}])
def test_a_second_view_that_would_be_the_first_is_refused(settings):
    with pytest.raises(ConfigError, match=r"data\.second_view needs data\.augment"):
        build_config(DataConfig, {"root": "x", "second_view": True, **settings})

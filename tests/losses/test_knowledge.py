"""Knowledge from values one can derive and a naive loop."""

from __future__ import annotations

import math

import pytest
import torch

from loss_fakes import NAN, Inputs, anchors, loss, pairs, unit
from radz.losses.knowledge import known, sup_nce
from radz.types import Features


def value(features: Features, labels, rows, **settings):
    return loss("knowledge", **settings)(Inputs(features, pairs(labels), anchors(rows)))["knowledge"]


def both(image, text) -> Features:
    return Features(image, image, text, text)


def naive(logits, present, absent):
    """The definition, entry by entry."""
    rows = []
    for i in range(len(logits)):
        negatives = sum((logits[i, c].exp() for c in range(logits.shape[1]) if absent[i, c]), torch.tensor(0.0))
        terms = [
            -(logits[i, c].exp() / (logits[i, c].exp() + negatives)).log()
            for c in range(logits.shape[1])
            if present[i, c]
        ]
        if terms:
            rows.append(sum(terms) / len(terms))
    return sum(rows) / len(rows)


def test_by_hand():
    """Each study on its own anchor, at right angles to the other, tau = 0.5: every row is log(1 + e⁻²)."""
    eye = torch.eye(2)
    rows = torch.cat([eye, eye], dim=1) / math.sqrt(2)  # the embedding of two equal parts
    term = value(both(eye, eye), [[1, 0], [0, 1]], rows, temperature=0.5)
    assert float(term) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_equal_anchors_give_log_of_the_competition():
    """One positive against two known absent, all logits equal: log 3."""
    logits, labels = torch.zeros(4, 3), torch.tensor([[1.0, 0, 0]] * 4)
    assert float(sup_nce(logits, labels == 1, labels == 0)) == pytest.approx(math.log(3), abs=1e-6)


def test_gradients_equal_those_of_the_loop():
    labels = torch.tensor([[1, 1, 0, 0], [0, NAN, 1, 0], [NAN, NAN, NAN, NAN], [1, 0, NAN, 0]])
    one = (5 * unit(4, 4)).requires_grad_()
    two = one.detach().clone().requires_grad_()
    first, second = (f(x, labels == 1, labels == 0) for f, x in ((sup_nce, one), (naive, two)))
    torch.testing.assert_close(first, second)
    first.backward()
    second.backward()
    torch.testing.assert_close(one.grad, two.grad)
    assert not one.grad[2].any()


def test_uncertain_is_never_a_negative_and_unlabelled_only_by_policy():
    labels, uncertain = torch.tensor([[1, 0, NAN, NAN]]), torch.tensor([[False, False, True, False]])
    assert known(labels, uncertain, "ignore")[1].tolist() == [[False, True, False, False]]
    assert known(labels, uncertain, "negative")[1].tolist() == [[False, True, False, True]]


def test_it_takes_image_and_report_alike_or_either_alone():
    image, text, rows = unit(3, 4), unit(3, 4, seed=1), unit(3, 8, seed=2)
    labels = [[1, 0, 0], [0, 1, NAN], [0, 1, 1]]
    one, two = (float(value(both(*x), labels, rows)) for x in ((image, text), (text, image)))
    alone = [value(Features(image, image), labels, rows), value(Features(None, None, text, text), labels, rows)]
    assert one == pytest.approx(two, abs=1e-6)
    assert one == pytest.approx(float(sum(alone)) / 2, abs=1e-5)


def test_nothing_labelled_is_zero_with_a_gradient_that_is_a_number():
    x = unit(2, 4).requires_grad_()
    term = value(both(x, x), [[NAN] * 3] * 2, unit(3, 8))
    term.backward()
    assert float(term.detach()) == 0
    assert not x.grad.any()

"""Knowledge, consistency and regularization from values one can derive and naive loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from radz.config import DataConfig, LossConfig, ReadoutConfig, build_config
from radz.errors import ConfigError
from radz.knowledge import KnowledgeBase
from radz.losses.consistency import Consistency, symmetric_kl
from radz.losses.knowledge import Knowledge, known, sup_nce
from radz.losses.regularization import Regularization, disorder, resemblance
from radz.train.loss_inputs import hierarchy_rows
from radz.types import Anchors, Batch, Features

NAN = float("nan")


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def made(kind, **settings):
    return kind(build_config(LossConfig, settings), ReadoutConfig(granularity="same"))


def anchors(rows) -> Anchors:
    return Anchors(tuple(map(str, range(len(rows)))), rows, None, ((),) * len(rows), "test")


def pair(image, text) -> Features:
    return Features(image, image, text, text)


def doubled(rows):
    """Rows (C, D) as the embedding of two equal parts, (C, 2D)."""
    return torch.cat([rows, rows], dim=1) / math.sqrt(2)


def labelled(rows, uncertain=None) -> Batch:
    return Batch(labels=torch.tensor(rows, dtype=torch.float32), uncertain=uncertain)


def naive(logits, present, absent):
    """The definition, entry by entry."""
    rows = []
    for i in range(len(logits)):
        negatives = sum((logits[i, c].exp() for c in range(logits.shape[1]) if absent[i, c]), torch.tensor(0.0))
        own = [
            -(logits[i, c].exp() / (logits[i, c].exp() + negatives)).log()
            for c in range(logits.shape[1])
            if present[i, c]
        ]
        if own:
            rows.append(sum(own) / len(own))
    return sum(rows) / len(rows)


def test_knowledge_by_hand():
    """Each study on its own anchor, at right angles to the other, tau = 0.5: every row is log(1 + e⁻²)."""
    eye = torch.eye(2)
    value = made(Knowledge, temperature=0.5)(pair(eye, eye), labelled([[1, 0], [0, 1]]), anchors(doubled(eye)))
    assert float(value["knowledge"]) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


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
    batch = labelled([[1, 0, NAN, NAN]], torch.tensor([[False, False, True, False]]))
    assert known(batch, "ignore")[1].tolist() == [[False, True, False, False]]
    assert known(batch, "negative")[1].tolist() == [[False, True, False, True]]
    with pytest.raises(ValueError, match="needs labels"):
        known(Batch(), "ignore")


def test_knowledge_takes_film_and_report_alike_or_either_alone():
    image, text, rows = unit(3, 4), unit(3, 4, seed=1), anchors(unit(3, 8, seed=2))
    batch, loss = labelled([[1, 0, 0], [0, 1, NAN], [0, 1, 1]]), made(Knowledge)
    both, swapped = (float(loss(pair(*x), batch, rows)["knowledge"].detach()) for x in ((image, text), (text, image)))
    film, report = loss(Features(image, image), batch, rows), loss(Features(None, None, text, text), batch, rows)
    assert both == pytest.approx(swapped, abs=1e-6)
    assert both == pytest.approx(float(film["knowledge"] + report["knowledge"]) / 2, abs=1e-5)


def test_nothing_labelled_is_zero_with_a_gradient_that_is_a_number():
    x = unit(2, 4).requires_grad_()
    value = made(Knowledge)(pair(x, x), labelled([[NAN] * 3] * 2), anchors(unit(3, 8)))["knowledge"]
    value.backward()
    assert float(value.detach()) == 0
    assert not x.grad.any()


def test_consistency_by_hand():
    """Rankings (e, 1) and (1, e) over e + 1: the divergence is (e - 1) / (e + 1)."""
    eye = torch.eye(2)
    value = made(Consistency, temperature=1.0)(pair(eye, eye.flip(0)), Batch(), anchors(doubled(eye)), None)
    assert float(value["consistency"]) == pytest.approx((math.e - 1) / (math.e + 1), abs=1e-6)


def test_consistency_is_symmetric_zero_for_equals_and_holds_the_anchors_still():
    x, y, rows = unit(3, 4), unit(3, 4, seed=1), unit(3, 8, seed=2).requires_grad_()
    loss = made(Consistency)
    one, two = (loss(pair(*p), Batch(), anchors(rows), None)["consistency"] for p in ((x, y), (y, x)))
    torch.testing.assert_close(one, two)
    assert not one.requires_grad
    assert float(loss(pair(x, x), Batch(), anchors(rows), pair(x, x))["consistency"]) == 0


def test_consistency_of_two_views_needs_no_report():
    x, y, rows = unit(3, 4), unit(3, 4, seed=1), anchors(unit(3, 8, seed=2))
    views = made(Consistency)(Features(x, x), Batch(), rows, Features(y, y))["consistency"]
    torch.testing.assert_close(views, made(Consistency)(pair(x, y), Batch(), rows, None)["consistency"])


def test_symmetric_kl_against_torch():
    p, q = unit(4, 5).log_softmax(1), unit(4, 5, seed=1).log_softmax(1)
    both = [F.kl_div(a, b, reduction="batchmean", log_target=True) for a, b in ((p, q), (q, p))]
    torch.testing.assert_close(symmetric_kl(p, q), sum(both) / 2)


def test_resemblance_of_tokens():
    assert float(resemblance(torch.eye(3).unsqueeze(0))) == 0
    assert float(resemblance(torch.eye(3)[:1].expand(2, 4, 3))) == 1
    assert float(resemblance(torch.ones(2, 1, 1))) == 0  # K = 1


def test_disorder_by_hand():
    """Child and parent at cosine 0.6, child and stranger at 0.8: 0.1 + 0.8 - 0.6."""
    rows = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, -0.6]])
    assert float(disorder(rows, torch.tensor([[0, 1, 2]]), 0.1)) == pytest.approx(0.3, abs=1e-6)
    assert float(disorder(rows, torch.tensor([[0, 2, 1]]), 0.1)) == 0
    assert float(disorder(rows, torch.empty(0, 3, dtype=torch.int64), 0.1)) == 0


def test_regularization_is_the_sum_of_its_terms():
    rows, found = unit(3, 8), Features(image_tokens=unit(2, 4, 8))
    hierarchy = torch.tensor([[0, 1, 2]])
    value = made(Regularization)(found, Batch(), anchors(rows), hierarchy, torch.tensor(0.5))["regularization"]
    torch.testing.assert_close(value, resemblance(found.image_tokens) + disorder(rows, hierarchy, 0.1) + 0.5)


def test_hierarchy_lists_every_child_with_its_ancestors_and_strangers():
    knowledge = KnowledgeBase.load()
    ids = ["pneumonia", "covid_19", "bacterial_pneumonia", "mass"]
    rows = hierarchy_rows([knowledge[i] for i in ids], knowledge)
    assert rows.tolist() == [[1, 0, 3], [2, 0, 3]]
    assert hierarchy_rows([knowledge["mass"]], knowledge).shape == (0, 3)


@pytest.mark.parametrize("settings", [{"augment": False}, {"cached_views": 1}])
def test_a_second_view_that_would_be_the_first_is_refused(settings):
    with pytest.raises(ConfigError, match=r"data\.second_view needs data\.augment"):
        build_config(DataConfig, {"root": "x", "second_view": True, **settings})

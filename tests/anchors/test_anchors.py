"""The contract of every anchor strategy; a new file in radz/anchors is found and tested with no further word."""

from __future__ import annotations

import pytest
import torch

from encoders import encode_text
from radz import registry
from radz.anchors import learns, open_strategy
from radz.anchors.learned import Learned
from radz.errors import AnchorError
from radz.knowledge import KnowledgeBase

KNOWLEDGE = KnowledgeBase.load()
CONCEPTS = [KNOWLEDGE["effusion"], KNOWLEDGE["mass"], KNOWLEDGE["no_finding"]]
UNSEEN = KNOWLEDGE.parse("melorheostosis: cortical bone that looks like dripping wax")


def opened(name):
    """The strategy, fresh; one that learns knows CONCEPTS and has left its start."""
    if not learns(name):
        return open_strategy(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        strategy = registry.load("anchors", name)([concept.id for concept in CONCEPTS], 16)
        with torch.no_grad():
            for parameter in strategy.parameters():
                parameter.add_(torch.randn_like(parameter))
    return strategy


@pytest.fixture(params=registry.names("anchors"))
def strategy(request):
    return opened(request.param)


def test_a_unit_row_per_concept_in_order(strategy):
    anchors = strategy(CONCEPTS, encode_text)
    assert anchors.concepts == ("effusion", "mass", "no_finding")
    assert anchors.positive.shape == (3, 16)
    torch.testing.assert_close(anchors.positive.norm(dim=1), torch.ones(3))
    assert len(anchors.texts) == 3


def test_polarity_is_not_confused(strategy):
    anchors = strategy(CONCEPTS, encode_text)
    if anchors.negative is not None:
        assert anchors.negative.shape == anchors.positive.shape
        assert not torch.allclose(anchors.negative, anchors.positive)
    assert not any(" no " in text for texts in anchors.texts[:2] for text in texts)


def test_an_unseen_concept_has_an_anchor(strategy):
    if isinstance(strategy, Learned):
        with pytest.raises(AnchorError, match=r"no prototype of melorheostosis.*effusion, mass, no_finding\)\. Choose"):
            strategy([UNSEEN], encode_text)
        return
    alone = strategy([UNSEEN], encode_text)
    torch.testing.assert_close(alone.positive.norm(), torch.tensor(1.0))


def test_a_row_is_the_same_twice_and_in_any_company(strategy):
    last = CONCEPTS[0] if isinstance(strategy, Learned) else UNSEEN
    every = [*CONCEPTS[1:], last]
    together, alone = strategy(every, encode_text), strategy([last], encode_text)
    torch.testing.assert_close(together.positive[2:], alone.positive)
    assert torch.equal(together.positive, strategy(every, encode_text).positive)


@pytest.mark.parametrize("name", [n for n in registry.names("anchors") if learns(n)])
def test_what_learns_gets_a_gradient_everywhere(name):
    strategy = opened(name)
    target = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    (strategy(CONCEPTS, encode_text).positive * target).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in strategy.parameters())

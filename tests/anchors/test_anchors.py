"""The contract of every anchor strategy; a new file in radz/anchors is found and tested with no further word."""

from __future__ import annotations

import pytest
import torch

from encoders import encode_text
from radz import registry
from radz.anchors import learns, open_strategy
from radz.anchors.learned import Learned
from radz.errors import AnchorError
from radz.knowledge import Concept, KnowledgeBase

KNOWLEDGE = KnowledgeBase.load()
CONCEPTS = [KNOWLEDGE["effusion"], KNOWLEDGE["mass"], KNOWLEDGE["no_finding"]]
UNSEEN = KNOWLEDGE.parse("melorheostosis: cortical bone that looks like dripping wax")


def opened(name):
    """The strategy, fresh; one that learns knows CONCEPTS and has left its start."""
    if not learns(name):
        return open_strategy(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = registry.load("anchors", name)([concept.id for concept in CONCEPTS], 16)
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(torch.randn_like(parameter))
    return made


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


def test_the_same_twice_and_whatever_stands_beside(strategy):
    last = CONCEPTS[0] if isinstance(strategy, Learned) else UNSEEN
    every = [*CONCEPTS[1:], last]
    together, alone = strategy(every, encode_text), strategy([last], encode_text)
    torch.testing.assert_close(together.positive[2:], alone.positive)
    assert torch.equal(together.positive, strategy(every, encode_text).positive)


def test_hybrid_starts_as_the_reading_itself():
    made = registry.load("anchors", "hybrid")(["effusion", "mass", "no_finding"], 16)(CONCEPTS, encode_text)
    assert made.texts[1][0].startswith(f"{CONCEPTS[1].name}. ")
    torch.testing.assert_close(made.positive, encode_text([texts[0] for texts in made.texts]))


def test_a_residual_is_limited_and_zero_for_what_was_not_trained():
    made = opened("hybrid")
    residuals = made._residuals(["mass", "melorheostosis", "effusion"])
    torch.testing.assert_close(residuals.norm(dim=1), torch.tensor([0.3, 0.0, 0.3]))
    with torch.no_grad():
        made.residual.fill_(0.01)
    assert torch.equal(made._residuals(["mass"]), made.residual[1:2])


@pytest.mark.parametrize("name", [n for n in registry.names("anchors") if learns(n)])
def test_what_learns_gets_a_gradient_everywhere(name):
    made = opened(name)
    target = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    (made(CONCEPTS, encode_text).positive * target).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in made.parameters())


def test_a_fresh_residual_has_a_gradient_that_is_a_number():
    made = registry.load("anchors", "hybrid")(["effusion", "mass", "no_finding"], 16)
    made(CONCEPTS, encode_text).positive[:, 0].sum().backward()
    assert torch.isfinite(made.residual.grad).all()
    assert made.residual.grad.abs().sum() > 0


@pytest.mark.parametrize("trained", [None, "hybrid"])
def test_learned_anchors_that_a_model_does_not_have_are_refused(trained):
    with pytest.raises(AnchorError, match=r"'learned' are learned, and this model was trained without them"):
        open_strategy("learned", trained and opened(trained))


def test_names_says_the_name_and_nothing_else():
    anchors = registry.load("anchors", "names")(CONCEPTS, encode_text)
    assert anchors.texts[0] == ("There is pleural effusion.",)
    torch.testing.assert_close(anchors.negative[0], encode_text(["There is no pleural effusion."])[0])
    torch.testing.assert_close(anchors.negative[2], encode_text(["There is an abnormal finding."])[0])


def test_rules_use_every_field_and_skip_the_empty():
    concept = Concept(id="x", name="xeno", synonyms=("X_eno", "zeno"), appearance=("ring",), location=("apex",))
    (texts,) = registry.load("anchors", "rules")([concept], encode_text).texts
    assert texts == ("There is xeno.", "There is zeno.", "There is xeno: ring.", "There is xeno in the apex.")


def test_a_described_disease_is_more_than_its_name_under_rules():
    (texts,) = registry.load("anchors", "rules")([UNSEEN], encode_text).texts
    assert any("dripping wax" in text for text in texts)

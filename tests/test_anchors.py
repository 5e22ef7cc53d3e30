"""The contract of every anchor strategy; a new file in radz/anchors is found and tested with no further word."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch.nn import functional as F

from radz import registry
from radz.knowledge import Concept, KnowledgeBase

KNOWLEDGE = KnowledgeBase.load()
CONCEPTS = [KNOWLEDGE["effusion"], KNOWLEDGE["mass"], KNOWLEDGE["no_finding"]]
UNSEEN = KNOWLEDGE.parse("melorheostosis: cortical bone that looks like dripping wax")


def encode_text(texts):
    """Unit rows that depend on each text alone."""
    seeds = [int.from_bytes(hashlib.sha256(t.encode()).digest()[:6], "big") for t in texts]
    rows = [torch.randn(16, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return F.normalize(torch.stack(rows), dim=1)


@pytest.fixture(params=registry.names("anchors"))
def strategy(request):
    return registry.load("anchors", request.param)


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
    alone = strategy([UNSEEN], encode_text)
    torch.testing.assert_close(alone.positive.norm(), torch.tensor(1.0))


def test_the_same_twice_and_whatever_stands_beside(strategy):
    together, alone = strategy([*CONCEPTS, UNSEEN], encode_text), strategy([UNSEEN], encode_text)
    torch.testing.assert_close(together.positive[3:], alone.positive)
    assert torch.equal(together.positive, strategy([*CONCEPTS, UNSEEN], encode_text).positive)


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

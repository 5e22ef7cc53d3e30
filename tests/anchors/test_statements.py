"""Anchors and statements: which strategies use them, and what is said about unreviewed ones."""

from __future__ import annotations

import torch

from encoders import encode_text
from radz import registry
from radz.anchors.hybrid import Hybrid, description
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement
from radz.provenance import Provenance
from radz.serve.decision import Judge

KNOWLEDGE = KnowledgeBase.load()
CITED = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
FIBROSIS = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (CITED,)})


def test_rules_and_hybrid_use_statements_and_names_does_not():
    plain, cited = (
        registry.load("anchors", "rules")([c], encode_text).texts[0] for c in (KNOWLEDGE["fibrosis"], FIBROSIS)
    )
    assert cited == (*plain, CITED.text)
    names = [registry.load("anchors", "names")([c], encode_text) for c in (KNOWLEDGE["fibrosis"], FIBROSIS)]
    assert torch.equal(names[0].positive, names[1].positive)
    anchors = Hybrid(["fibrosis"], 16)([FIBROSIS], encode_text)
    assert anchors.texts == ((description(FIBROSIS), CITED.text),)
    middle = encode_text(anchors.texts[0]).mean(0)
    torch.testing.assert_close(anchors.positive[0], middle / middle.norm())


def test_unreviewed_statements_are_noted_in_a_decision():
    reviewed = FIBROSIS.model_copy(update={"statements": (CITED.model_copy(update={"reviewed": True}),)})
    for concept, note in ((FIBROSIS, "1 of its 2 texts are unreviewed statements"), (reviewed, "")):
        base = KnowledgeBase([concept if c.id == "fibrosis" else c for c in KNOWLEDGE])
        anchors = Hybrid(["fibrosis"], 16)([concept], encode_text)
        assert Judge(Provenance(corpus="x", split="train"), base)._unreviewed(anchors) == [note]

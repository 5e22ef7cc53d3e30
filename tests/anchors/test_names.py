"""One statement and one denial."""

from __future__ import annotations

import torch

from encoders import encode_text
from radz import registry
from radz.knowledge import KnowledgeBase
from radz.knowledge.statement import Statement

KNOWLEDGE = KnowledgeBase.load()


CONCEPTS = [KNOWLEDGE["effusion"], KNOWLEDGE["mass"], KNOWLEDGE["no_finding"]]


def test_names_says_the_name_and_nothing_else():
    anchors = registry.load("anchors", "names")(CONCEPTS, encode_text)
    assert anchors.texts[0] == ("There is pleural effusion.",)
    torch.testing.assert_close(anchors.negative[0], encode_text(["There is no pleural effusion."])[0])
    torch.testing.assert_close(anchors.negative[2], encode_text(["There is an abnormal finding."])[0])


def test_statements_of_a_concept_are_not_used():
    cited = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
    fibrosis = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (cited,)})
    plain, same = (registry.load("anchors", "names")([c], encode_text) for c in (KNOWLEDGE["fibrosis"], fibrosis))
    assert torch.equal(plain.positive, same.positive)

"""Readings, residuals, and where training starts."""

from __future__ import annotations

import torch

from encoders import encode_text
from radz.anchors.hybrid import Hybrid, description
from radz.knowledge import Concept, KnowledgeBase
from radz.knowledge.statement import Statement

KNOWLEDGE = KnowledgeBase.load()


IDS = ["effusion", "mass", "no_finding"]
CONCEPTS = [KNOWLEDGE["effusion"], KNOWLEDGE["mass"], KNOWLEDGE["no_finding"]]


def shaken():
    """One that has left its start."""
    hybrid = Hybrid(IDS, 16)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in hybrid.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    return hybrid


def test_hybrid_starts_as_the_reading_itself():
    anchors = Hybrid(IDS, 16)(CONCEPTS, encode_text)
    assert anchors.texts[1][0].startswith(f"{CONCEPTS[1].name}. ")
    torch.testing.assert_close(anchors.positive, encode_text([texts[0] for texts in anchors.texts]))


def test_a_residual_is_limited_and_zero_for_what_was_not_trained():
    hybrid = shaken()
    residuals = hybrid._residuals(["mass", "melorheostosis", "effusion"])
    torch.testing.assert_close(residuals.norm(dim=1), torch.tensor([0.3, 0.0, 0.3]))
    with torch.no_grad():
        hybrid.residual.fill_(0.01)
    assert torch.equal(hybrid._residuals(["mass"]), hybrid.residual[1:2])


def test_a_fresh_residual_has_a_gradient_that_is_a_number():
    hybrid = Hybrid(IDS, 16)
    hybrid(CONCEPTS, encode_text).positive[:, 0].sum().backward()
    assert torch.isfinite(hybrid.residual.grad).all()
    assert hybrid.residual.grad.abs().sum() > 0


def test_a_description_leaves_empty_fields_out():
    concept = Concept(id="x", name="xeno", definition="a ring", location=("apex", "hilum"))
    assert description(concept) == "xeno. a ring. Location: apex, hilum."


def test_statements_are_read_beside_the_description():
    cited = Statement(text="Fibrosis pulls the hilum up.", source="A book, p. 1, accessed 2026-11-25")
    fibrosis = KNOWLEDGE["fibrosis"].model_copy(update={"statements": (cited,)})
    anchors = Hybrid(["fibrosis"], 16)([fibrosis], encode_text)
    assert anchors.texts == ((description(fibrosis), cited.text),)
    middle = encode_text(anchors.texts[0]).mean(0)
    torch.testing.assert_close(anchors.positive[0], middle / middle.norm())

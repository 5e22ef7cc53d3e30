"""A closed set of trained vectors."""

from __future__ import annotations

import pytest
import torch

from encoders import encode_text
from radz.anchors import closed_set, open_strategy
from radz.anchors.hybrid import Hybrid
from radz.anchors.learned import Learned
from radz.errors import AnchorError
from radz.knowledge import KnowledgeBase

KNOWLEDGE = KnowledgeBase.load()


@pytest.mark.parametrize("trained", [None, "hybrid"])
def test_learned_anchors_that_a_model_does_not_have_are_refused(trained):
    with pytest.raises(AnchorError, match=r"'learned' are learned, and this model was trained without them"):
        open_strategy("learned", trained and Hybrid(["effusion"], 16))


def test_rows_are_the_unit_prototypes_in_the_order_asked():
    learned = Learned(["effusion", "mass"], 4)
    with torch.no_grad():
        learned.prototypes.copy_(torch.tensor([[2.0, 0, 0, 0], [0, 3.0, 0, 0]]))
    anchors = learned([KNOWLEDGE["mass"], KNOWLEDGE["effusion"]], encode_text)
    assert anchors.positive.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert (anchors.negative, anchors.texts) == (None, ((), ()))


def test_the_set_is_closed():
    learned = Learned(["effusion"], 4)
    assert closed_set(learned) == {"effusion"}
    with pytest.raises(AnchorError, match=r"no prototype of mass: they know only the findings .*\(effusion\)"):
        learned([KNOWLEDGE["mass"]], encode_text)

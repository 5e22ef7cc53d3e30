"""Sentences to rows: by hand, and encoded once."""

from __future__ import annotations

import pytest
import torch

from radz.baselines._prompts import PromptSet
from radz.baselines._text_rows import TextRows, mean_rows, unit
from radz.errors import UnknownNameError

VECTORS = {"a": [2.0, 0.0], "b": [0.0, 3.0], "no": [0.0, -1.0]}
PROMPTS = PromptSet((("a", "b"), ("b",)), (("no",), ("no",)))


class Words:
    """Encodes words as ``VECTORS`` says and records what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked += texts
        return torch.tensor([VECTORS[text] for text in texts])


def test_rows_are_unit_means_less_those_of_denials():
    encode = Words()
    rows = TextRows(encode)(PROMPTS)
    half = 0.5**0.5
    torch.testing.assert_close(rows, torch.tensor([[half, half + 1], [0.0, 2.0]]))
    assert encode.asked == ["a", "b", "no"], "each distinct sentence once"


def test_the_positive_rule_never_encodes_a_denial():
    encode = Words()
    rows = TextRows(encode, "positive")(PROMPTS)
    torch.testing.assert_close(rows[1], torch.tensor([0.0, 1.0]))
    assert encode.asked == ["a", "b"]


def test_the_same_prompts_are_encoded_once():
    encode = Words()
    rows = TextRows(encode)
    assert torch.equal(rows(PROMPTS), rows(PROMPTS))
    assert len(encode.asked) == 3
    rows(PromptSet((("a",),), (("no",),)))
    assert encode.asked[3:] == ["a", "no"]


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownNameError, match=r"rule 'both'.*Known: pair, positive"):
        TextRows(Words(), "both")


def test_means_are_brought_to_unit_norm():
    encoded = {text: unit(torch.tensor([VECTORS[text]]))[0] for text in VECTORS}
    torch.testing.assert_close(mean_rows([("a", "b")], encoded).norm(dim=1), torch.ones(1))

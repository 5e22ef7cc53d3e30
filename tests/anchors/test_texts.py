"""Sentences to anchors by hand."""

from __future__ import annotations

import torch

from radz.anchors import anchors_from_texts
from radz.anchors._texts import mean_features
from radz.knowledge import Concept

VECTORS = {"a": [1.0, 0.0], "b": [0.0, 1.0], "no": [-1.0, 0.0]}
CONCEPTS = [Concept(id="x", name="xeno"), Concept(id="y", name="yeti")]


class Words:
    """Encodes words as ``VECTORS`` says and records what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked += texts
        return torch.tensor([VECTORS[text] for text in texts])


def test_rows_are_unit_means_and_agreement_is_their_length_before():
    anchors = anchors_from_texts(CONCEPTS, [["a", "b"], ["b"]], [["no"], ["no"]], Words(), "test")
    half = 0.5**0.5
    torch.testing.assert_close(anchors.positive, torch.tensor([[half, half], [0.0, 1.0]]))
    torch.testing.assert_close(anchors.negative, torch.tensor([[-1.0, 0.0], [-1.0, 0.0]]))
    torch.testing.assert_close(anchors.agreement, torch.tensor([half, 1.0]))
    assert (anchors.concepts, anchors.names) == (("x", "y"), ("xeno", "yeti"))
    assert (anchors.texts, anchors.denials) == ((("a", "b"), ("b",)), (("no",), ("no",)))


def test_without_denials_there_is_no_negative_side():
    anchors = anchors_from_texts(CONCEPTS, [["a"], ["b"]], None, Words(), "test")
    assert (anchors.negative, anchors.denials) == (None, ())


def test_each_distinct_text_is_encoded_once():
    encode = Words()
    assert mean_features([["a", "a"], ["b", "a"]], encode).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert encode.asked == ["a", "b"]

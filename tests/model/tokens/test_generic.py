"""The generic design: the same tokens for both modalities."""

from __future__ import annotations

from radz.model.tokens.generic import generic


def test_both_sequences_end_with_the_same_tokens_of_random_start():
    design = generic(2)
    assert design.image_tokens == design.text_tokens == ("<Cls_1>", "<Cls_2>")
    assert design.special_tokens == ("<Cls_1>", "<Cls_2>")
    assert design.vocabulary == {}

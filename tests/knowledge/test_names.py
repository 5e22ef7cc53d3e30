"""Folding names and finding them in a text."""

from __future__ import annotations

import pytest

from radz.knowledge import fold, mentions


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Pleural_Thickening", "pleural thickening"), (" COVID-19\n", "covid 19"), ("NEUMOTÓRAX", "neumotórax")],
)
def test_names_are_folded(name, folded):
    assert fold(name) == folded


@pytest.mark.parametrize(
    ("text", "mentioned"), [("a mass, round", True), ("massive", False), ("nodule/mass", True), ("bio mass", True)]
)
def test_a_name_counts_as_a_whole_word_only(text, mentioned):
    assert mentions(text, ["hernia", "mass"]) is mentioned


def test_characters_of_regular_expressions_in_a_name_are_plain():
    assert mentions("t1.w image", ["t1.w"])
    assert not mentions("t1xw image", ["t1.w"])

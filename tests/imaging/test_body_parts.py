"""Body parts in other words and languages."""

from __future__ import annotations

import doctest

import pytest

from radz.imaging import body_parts
from radz.imaging.body_parts import body_part_words


@pytest.mark.parametrize(
    "term",
    [
        *("CHEST", "chest", "CHESTPA", "CHEST_AP", "CHEST LAT", "CHEST2V", "PORT CHEST", "THORAX", "LUNGS"),
        *("TORAX", "TÓRAX", "TORAXPA", "RX TORAX", "RXTORAX", "PECHO", "TORACE", "PULMÃO", "POUMONS", "Brustkorb"),
        *("KLATKA PIERSIOWA", "GÖĞÜS", "ГРУДНАЯ КЛЕТКА", "胸部", "흉부"),
    ],
)
def test_words_for_the_chest(term):
    assert "CHEST" in body_part_words(term)


@pytest.mark.parametrize(
    "term", ["", "HAND", "CHESTABDOMEN", "ABDOMEN", "TSPINE", "THORACIC SPINE", "BREAST", "PELVIS", "RXMANO"]
)
def test_other_parts_are_no_chest(term):
    assert "CHEST" not in body_part_words(term)


def test_examples():
    assert doctest.testmod(body_parts).failed == 0

"""Splitting a report into sentences, whatever its layout."""

from __future__ import annotations

import pytest

from radz.text.sentences import split_sentences, unify_marks


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A 1.5 cm nodule\nin the apex. Clear.", ["A 1.5 cm nodule in the apex.", "Clear."]),
        ("1. Mass\n- no effusion\n\nnormal", ["1.", "Mass", "- no effusion", "normal"]),
        ("1.No mass. 2.No effusion.", ["1.", "No mass.", "2.", "No effusion."]),
        ("No effusion.No mass.Old fracture.", ["No effusion.", "No mass.", "Old fracture."]),
        ("1) No mass 2) Effusion", ["1) No mass", "2) Effusion"]),
        ("There is no evidence of\nPneumothorax.", ["There is no evidence of Pneumothorax."]),
        ("No mass\nCardiomegaly", ["No mass", "Cardiomegaly"]),
        ("MASS: ABSENT\nEFFUSION: PRESENT", ["MASS: ABSENT", "EFFUSION: PRESENT"]),
        (
            "THE HEART IS ENLARGED AND THE LUNGS SHOW SOME RETICULAR\nMARKINGS.",
            ["THE HEART IS ENLARGED AND THE LUNGS SHOW SOME RETICULAR MARKINGS."],
        ),
        ("Mass? No. Pneumonia? Perhaps.", ["Mass? No.", "Pneumonia?", "Perhaps."]),
        ("Mass vs. cyst, e.g. a bulla.", ["Mass vs. cyst, e.g. a bulla."]),
        ("? mass", ["? mass"]),
        ("", []),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("sentence", "unified"),
    [
        ("Mass - none.", "Mass: none."),
        ("Mass? No.", "Mass: No."),
        ("Mass (-), cyst (+)", "Mass : no, cyst (+)"),
        ("Opacity, ? mass", "Opacity, ?mass"),
        ("5 - 6 mm, right-sided.", "5 - 6 mm, right-sided."),
    ],
)
def test_labels_and_values_have_one_form(sentence, unified):
    assert unify_marks(sentence) == unified

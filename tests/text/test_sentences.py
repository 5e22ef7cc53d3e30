"""Splitting a report into sentences."""

from __future__ import annotations

from radz.text.sentences import split_sentences


def test_sentences_end_at_stops_and_list_marks_but_not_at_wrapped_lines():
    assert split_sentences("A 1.5 cm nodule\nin the apex. Clear.\n1. Mass\n- no effusion\n\nnormal") == [
        "A 1.5 cm nodule\nin the apex.", "Clear.", "1.", "Mass", "- no effusion", "normal",
    ]  # fmt: skip

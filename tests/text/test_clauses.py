"""Clauses and segments of a sentence."""

from __future__ import annotations

import pytest

from radz.text.clauses import ClauseSplitter, ClauseWords

SPLIT = ClauseSplitter(
    ClauseWords(
        contrast=("but",),
        additive=("and",),
        alternative=("or",),
        accompanying=("with",),
        verbs=("is",),
        subjects=("the",),
    )
)


def parts(sentence, whole=()):
    return [[(segment.joint, segment.words) for segment in clause] for clause in SPLIT(sentence, whole)]


@pytest.mark.parametrize(
    ("sentence", "clauses"),
    [
        ("no mass", [[("", "no mass")]]),
        ("no mass, cyst, or scar", [[("", "no mass"), (",", "cyst"), (", or", "scar")]]),
        ("mass or cyst and scar", [[("", "mass or cyst"), ("and", "scar")]]),
        ("mass: none", [[("", "mass"), (":", "none")]]),
        ("mass (old), with scar", [[("", "mass"), ("(", "old"), ("), with", "scar")]]),
        ("mass; scar but cyst", [[("", "mass")], [("", "; scar")], [("", "but cyst")]]),
        ("but for 1,5 cm at 10:30", [[("", "but for 1,5 cm at 10:30")]]),
    ],
)
def test_a_sentence_is_split(sentence, clauses):
    assert parts(sentence) == clauses


def test_segments_cover_the_sentence():
    sentence = "no mass, cyst, or scar; old fracture (left) but the heart is large"
    segments = [segment for clause in SPLIT(sentence) for segment in clause]
    assert "".join(sentence[segment.start : segment.end] for segment in segments) == sentence


def test_no_clause_starts_within_a_phrase():
    assert len(parts("nothing but mass", [(0, 11)])) == 1


def test_a_predicate_has_only_verbs_and_pronouns():
    assert SPLIT.is_predicate("is ")
    assert not SPLIT.is_predicate("mass is ")

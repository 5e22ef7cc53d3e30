"""The notation of terms: open endings, gaps, groups."""

from __future__ import annotations

import pytest

from radz.text.terms import TermIndex, any_of, compiled, expanded, fold


@pytest.mark.parametrize(
    ("term", "text", "group"),
    [
        ("nodul*", "two nodules", "nodules"),
        ("heart ... enlarged", "the heart is mildly enlarged", "enlarged"),
        ("heart ... enlarged", "the heart. lungs enlarged", None),
        ("heart ... enlarged", "the heart and all the great vessels are enlarged", None),
        ("mass", "massive", None),
        ("?", "pneumonia?", "?"),
        ("?", "?pneumonia", "?"),
    ],
)
def test_terms_have_open_endings_and_gaps(term, text, group):
    match = compiled(term).search(text)
    assert (match and match[1]) == group


def test_a_gap_is_as_long_as_asked():
    assert not compiled("no ... change", 1).search("no large interval change")
    assert compiled("no ... change", 2).search("no large interval change")


def test_text_is_folded():
    assert fold("Neumotórax  derecho/izquierdo,\nX-ray") == "neumotorax derecho izquierdo, x ray"


def test_an_index_finds_what_its_expressions_find():
    terms = ["a", "no", "nodul*", "no ... mass", "mass", "masses", "t1.w", "?"]
    text = "no nodule, no large mass? a t1.w image"
    matches = {(match.start(), match.end(), term) for match, term in TermIndex((t, t) for t in terms).find(text)}
    assert matches == {(m.start(), m.end(), term) for term in terms for m in compiled(term).finditer(text)}
    assert len(matches) == 8


def test_an_index_ignores_a_term_without_words():
    assert [value for _, value in TermIndex([("", 1), ("mass", 2)]).find("mass")] == [2]


def test_groups_are_expanded_in_every_combination():
    groups = {"denial": ["no", "without"], "trend": ["growth", "increase"]}
    assert [*expanded("{denial} ... {trend} in", groups)] == [
        "no ... growth in",
        "no ... increase in",
        "without ... growth in",
        "without ... increase in",
    ]
    assert [*expanded("no change", groups)] == ["no change"]
    with pytest.raises(ValueError, match=r"'no {growth}' names no group\. Groups are denial, trend"):
        [*expanded("no {growth}", groups)]


def test_any_of_nothing_matches_nothing():
    assert not any_of([]).search("no mass")
    assert any_of(["and", "and then"]).match("and then")[0] == "and then"

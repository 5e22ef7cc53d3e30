"""Mentions: the longest of those that overlap."""

from __future__ import annotations

from radz.text.mentions import Mention, find_mentions, longest_mentions
from radz.text.terms import TermIndex


def test_the_longest_hides_what_overlaps_and_keeps_equals():
    longest, equal, inner, apart = (
        Mention(*m) for m in (("a", 0, 9, 0), ("b", 0, 9, 0), ("c", 3, 6, 3), ("d", 9, 12, 9))
    )
    assert longest_mentions([inner, apart, equal, longest]) == [longest, equal, apart]


def test_a_term_with_a_gap_hides_what_lies_in_the_gap():
    terms = TermIndex([("heart ... enlarged", "cardiomegaly"), ("mildly", "other")])
    assert find_mentions("heart is mildly enlarged", terms) == [Mention("cardiomegaly", 16, 24, 0)]

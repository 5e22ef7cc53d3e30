"""Mentions of terms in a sentence: where they are, and which of two overlapping ones counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from radz.text.terms import TermIndex


class Mention(NamedTuple):
    """A term in a folded sentence.

    start, end: characters [start, end) that cues act on, the words after the term's last gap. whole_start: where the
    term itself begins.
    """

    label: str
    start: int
    end: int
    whole_start: int


def find_mentions(folded: str, terms: TermIndex[str]) -> list[Mention]:
    """Mentions of terms (term -> label) in a folded sentence, in text order; the longest of those that overlap."""
    matches = terms.find(folded)
    return longest_mentions([Mention(label, m.start(1), m.end(1), m.start()) for m, label in matches])


def longest_mentions(mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions without those that overlap a longer one, in text order; two of the same extent both stay."""
    longest: list[Mention] = []
    extents, covered = set[tuple[int, int]](), set[int]()
    for mention in sorted(mentions, key=lambda m: (m.whole_start - m.end, m.whole_start, m)):
        extent = (mention.whole_start, mention.end)
        if extent in extents or covered.isdisjoint(range(*extent)):
            longest.append(mention)
            extents.add(extent)
            covered.update(range(*extent))
    return sorted(longest, key=lambda m: (m.start, m.end, m.label))

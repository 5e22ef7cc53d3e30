"""Whether a mention is affirmed, negated, doubted, or about something other than this image.

A cue acts on the mentions of its own clause, as far as ``radz.text.clauses`` lets it reach. Doubt within a denial is a
denial ("no opacity suspicious for a mass"), denial within a doubt is a doubt.

This is our own code because it agrees better with reports than negspacy and medspaCy do with the same words, which
docs/labeler.md measures: neither of them ends a denial where the next finding is affirmed. Nor does it need spaCy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from radz.text.clauses import MAX_LIST, ClauseSplitter, Segment
from radz.text.cues import Cue, CueFinder
from radz.text.lexicon import Lexicon
from radz.text.mentions import Mention
from radz.types import Presence


class MentionClassifier:
    """Classifies mentions in folded sentences with the cues of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._find = CueFinder(lexicon)
        self._split = ClauseSplitter(lexicon.clauses)

    def __call__(self, sentence: str, mentions: Sequence[Mention]) -> list[Presence]:
        """One presence per mention in a folded sentence; UNLABELLED if it is not about this image."""
        acting: list[list[Cue]] = [[] for _ in mentions]
        labels: set[int] = set()
        cues = self._find(sentence, mentions)
        for segments in self._split(sentence, [(cue.start, cue.end) for cue in cues]) if cues else ():
            clause = _Clause(self._split, sentence, segments, mentions, cues)
            labels.update(clause.labels())
            for cue in clause.cues:
                for i in clause.reached(cue):
                    acting[i].append(cue)
        return [
            Presence.UNLABELLED if i in labels else _presence(mention, acting[i]) for i, mention in enumerate(mentions)
        ]


class _Clause:
    """One clause of a sentence, and the mentions that a cue in it reaches."""

    def __init__(
        self,
        split: ClauseSplitter,
        sentence: str,
        segments: Sequence[Segment],
        mentions: Sequence[Mention],
        cues: Sequence[Cue],
    ) -> None:
        self._split, self._sentence, self._segments, self._mentions = split, sentence, segments, mentions
        self.cues = [cue for cue in cues if segments[0].start <= cue.start < segments[-1].end]
        self._inside = [
            [i for i, mention in enumerate(mentions) if segment.start <= mention.start < segment.end]
            for segment in segments
        ]
        denials = [cue for cue in self.cues if cue.meaning is Presence.ABSENT and cue.forward]
        self._denied = {self._home(cue.start) for cue in denials if self._opens(cue, self._home(cue.start))}
        """Indices of the segments that begin with a denial of their own."""

    def reached(self, cue: Cue) -> set[int]:
        """Indices of the mentions on which a cue of the clause acts."""
        forward = {*self._forward(cue)} if cue.forward else set()
        # "effusion possible", "effusion: no": a cue that nothing follows is about the words before it
        is_last = self._is_last(cue)
        backward = {*self._backward(cue)} if cue.backward or is_last or self._is_value(cue) else set()
        return backward if is_last and backward else forward | backward

    def labels(self) -> Iterator[int]:
        """Indices of mentions before a colon that are repeated after it: "effusion: no large effusion"."""
        for index, segment in enumerate(self._segments):
            if segment.joint.startswith(":"):
                values = {self._mentions[i].label for inside in self._inside[index:] for i in inside}
                yield from (i for i in self._inside[index - 1] if self._mentions[i].label in values)

    def _forward(self, cue: Cue) -> Iterator[int]:
        home = self._home(cue.end - 1)
        following = [i for i in self._inside[home] if self._mentions[i].start >= cue.end]
        yield from following
        if cue.meaning is Presence.UNCERTAIN and not following:
            if self._is_parenthesis(cue, home):
                return
            if self._is_introduction(cue, home):
                yield from self._inside[home + 1]
        is_doubt = cue.meaning is Presence.UNCERTAIN
        for index in range(home + 1, min(home + MAX_LIST, len(self._segments))):
            if index in self._denied or not self._split.continues(self._segments, index, is_doubt, not following):
                return
            following += self._inside[index]
            yield from self._inside[index]

    def _backward(self, cue: Cue) -> Iterator[int]:
        home = self._home(cue.start)
        preceding = [i for i in self._inside[home] if self._mentions[i].end <= cue.start]
        subject = home if preceding or self._inside[home] else self._subject(cue, home)
        subjects = preceding or (self._inside[subject] if subject is not None and subject != home else [])
        if subject is None or not subjects:
            return
        yield from subjects
        predicate = self._sentence[max(self._mentions[i].end for i in subjects) : cue.end]
        for index in range(subject, max(0, subject - MAX_LIST), -1):
            if not self._split.continues_back(self._segments, index, predicate if index == subject else None):
                return
            yield from self._inside[index - 1]

    def _subject(self, cue: Cue, home: int) -> int | None:
        """Index of the segment that a predicate without a mention is about: "effusion: none", "mass, not seen"."""
        segment = self._segments[home]
        if segment.joint.startswith((":", "(")):
            return home - 1 if self._inside[home - 1] else None
        predicate = self._sentence[segment.start + len(segment.joint) : cue.start]
        if not (self._split.is_complement(segment) or self._split.is_predicate(predicate)):
            return None
        for index in range(home - 1, -1, -1):
            if self._inside[index] or self._split.has_verb(self._segments[index]):
                return index if self._inside[index] else None
        return None

    def _home(self, position: int) -> int:
        return next(i for i, segment in enumerate(self._segments) if position < segment.end)

    def _is_last(self, cue: Cue) -> bool:
        """Whether no word follows the cue in its segment, and no complement: "possible", not "possibly due to"."""
        home = self._home(cue.end - 1)
        if cue.meaning is Presence.UNLABELLED or re.search(r"\w", self._sentence[cue.end : self._segments[home].end]):
            return False
        return home + 1 == len(self._segments) or not self._split.is_complement(self._segments[home + 1])

    def _is_value(self, cue: Cue) -> bool:
        """Whether the cue is in a value without a mention: "effusion: no significant"."""
        home = self._home(cue.start)
        return not self._inside[home] and self._segments[home].joint.startswith((":", "("))

    def _is_introduction(self, cue: Cue, home: int) -> bool:
        """Whether the cue is all that precedes the main clause: "if present, the effusion is small"."""
        segments = self._segments
        follows = home == 0 and len(segments) > 1 and segments[1].joint.startswith(",")
        return follows and segments[0].words == self._sentence[cue.start : cue.end]

    def _is_parenthesis(self, cue: Cue, home: int) -> bool:
        """Whether the cue opens a remark about a mention: "effusion, possibly loculated, and atelectasis"."""
        around = self._segments[home : home + 2]
        is_remark = len(around) == 2 and all(segment.joint.startswith(",") for segment in around)
        return is_remark and self._opens(cue, home) and bool(self._inside[home - 1])

    def _opens(self, cue: Cue, index: int) -> bool:
        """Whether a segment begins with the cue."""
        segment = self._segments[index]
        return cue.start >= segment.start and self._sentence[segment.start : cue.start].strip() == segment.joint


def _presence(mention: Mention, cues: Sequence[Cue]) -> Presence:
    """The presence of a mention under all the cues that act on it. Another time or a question wins."""
    meanings = {cue.meaning for cue in cues}
    if Presence.UNLABELLED in meanings:
        return Presence.UNLABELLED
    if Presence.ABSENT not in meanings:
        return Presence.UNCERTAIN if meanings else Presence.PRESENT
    outermost = min(cues, key=lambda cue: cue.start)
    denied_after = any(cue.meaning is Presence.ABSENT and cue.start >= mention.end for cue in cues)
    is_doubt = outermost.meaning is Presence.UNCERTAIN and outermost.end <= mention.start and not denied_after
    return Presence.UNCERTAIN if is_doubt else Presence.ABSENT

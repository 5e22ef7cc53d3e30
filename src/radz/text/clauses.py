"""Splits a folded sentence into clauses and segments, so that a cue acts on its own clause only.

A clause ends at a semicolon and before a word of contrast. Within a clause, commas, colons, brackets, "and" and "with"
separate segments: items of a list, or clauses with their own subject and verb.

    no effusion, edema or mass | but the heart is enlarged, with an old fracture
    segment    , segment       | segment                  , with segment
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from radz.text.terms import any_of


class ClauseWords(BaseModel):
    """The words of one language that show where a clause or a list ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contrast: tuple[str, ...] = Field((), description="Start a clause that no cue reaches from outside: 'but'.")
    additive: tuple[str, ...] = Field((), description="Join items or clauses: 'and'.")
    alternative: tuple[str, ...] = Field((), description="Join the items of a list: 'or'.")
    accompanying: tuple[str, ...] = Field((), description="Add a finding to another: 'with'.")
    reasons: tuple[str, ...] = Field((), description="Add a cause, which only doubt reaches: 'may be due to'.")
    verbs: tuple[str, ...] = Field((), description="Finite verbs; a segment with one is a clause: 'remains'.")
    reporting: tuple[str, ...] = Field((), description="Verbs that may also end a list: 'no mass, cyst is seen'.")
    subjects: tuple[str, ...] = Field((), description="Start a segment that has its own subject: 'the'.")
    pronouns: tuple[str, ...] = Field((), description="Refer to the subject of the segment before: 'which'.")
    singular: tuple[str, ...] = Field((), description="Verbs of a single subject: 'is'.")
    affirming: tuple[str, ...] = Field((), description="Start an affirmed finding after a denial: 'old', 'stable'.")
    placed: tuple[str, ...] = Field((), description="Mark one anywhere in it unless 'or' follows: 'in the left'.")
    qualifying: tuple[str, ...] = Field((), description="Start one unless 'or' follows: 'left', 'large'.")


MAX_LIST = 20
"""Most segments over which a cue acts; longer lists are not written by people."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters [start, end) of a folded sentence. joint: what separates it from the one before, e.g. ``, and``."""

    start: int
    end: int
    joint: str
    words: str


class ClauseSplitter:
    """Splits sentences of one language and says how far a cue in one segment reaches into the others."""

    def __init__(self, words: ClauseWords) -> None:
        self._any = {field: any_of(getattr(words, field)) for field in ClauseWords.model_fields}
        self._verbs = any_of((*words.verbs, *words.reporting))
        joining = any_of((*words.additive, *words.accompanying, *words.reasons)).pattern
        listing = any_of((*words.additive, *words.accompanying, *words.reasons, *words.alternative)).pattern
        self._joint = re.compile(rf"(?:,(?!\d)|:(?!\d)|[()\[\]])+\s*(?:{listing})?|{joining}")
        self._clause = re.compile(rf";|{self._any['contrast'].pattern}")

    def __call__(self, folded: str, whole: Sequence[tuple[int, int]] = ()) -> list[list[Segment]]:
        """Clauses in order, each with at least one segment; together they cover the sentence.

        whole: characters [start, end) of phrases within which no clause starts.
        """
        boundaries = [match.start() for match in self._clause.finditer(folded) if match.start()]
        starts = [0, *(b for b in boundaries if not any(start < b < end for start, end in whole))]
        ends = [*starts[1:], len(folded)]
        return [[*self._segments(folded, start, end)] for start, end in zip(starts, ends, strict=True)]

    def continues(self, segments: Sequence[Segment], index: int, is_doubt: bool, is_open: bool) -> bool:
        """Whether a cue that acts on segment ``index - 1`` acts on segment ``index`` as well.

        is_doubt: only doubt reaches a cause ("may be due to"). is_open: whether it has reached no mention so far.
        """
        segment = segments[index]
        if segment.joint.startswith(":"):
            return False
        if self._in("reasons", segment.joint):
            return is_doubt
        if self._is_alternative(segment) or (is_open and self.is_complement(segment)):
            return True
        if self.has_verb(segment) or ("," in segment.joint and self._in("accompanying", segment.joint)):
            return False
        return self._is_concluded(segments[index + 1 : index + MAX_LIST]) or not self._affirms(
            segments[index : index + MAX_LIST]
        )

    def continues_back(self, segments: Sequence[Segment], index: int, predicate: str | None) -> bool:
        """Whether a cue that acts backward on segment ``index`` acts on segment ``index - 1`` as well.

        predicate: the words between the last item of the list and the cue, if ``index`` is that item: in "effusion and
        mass has resolved" only the mass has, in "have resolved" both have.
        """
        segment = segments[index]
        if segment.joint.startswith(":") or self.has_verb(segments[index - 1]):
            return False
        if self._is_alternative(segment):
            return True
        if self._in("additive", segment.joint):
            return predicate is None or not self._in("singular", predicate)
        return predicate is None and segment.joint == ","

    def is_complement(self, segment: Segment) -> bool:
        """Whether "with" or "due to" binds the segment to the noun before it: "mass with cavity (is not seen)"."""
        return "," not in segment.joint and (
            self._in("accompanying", segment.joint) or self._in("reasons", segment.joint)
        )

    def is_predicate(self, words: str) -> bool:
        """Whether the words are only verbs and pronouns that refer to a subject before them: ", which has"."""
        rest = self._verbs.sub("", self._any["pronouns"].sub("", words))
        return re.search(r"\w", rest) is None

    def has_verb(self, segment: Segment) -> bool:
        """Whether the segment is a clause with its own verb, not the last item of a list that "is seen"."""
        if self._starts("subjects", segment.words):
            return self._verbs.search(segment.words) is not None
        return self._in("verbs", self._any["reporting"].sub("", segment.words))

    def _affirms(self, segments: Sequence[Segment]) -> bool:
        """Whether the first of these segments starts an affirmed finding instead of one more item of a denied list."""
        if self._starts("affirming", segments[0].words):
            return True
        qualified = self._starts("qualifying", segments[0].words) or self._in("placed", segments[0].words)
        return qualified and not any(self._in("alternative", segment.words) for segment in segments)

    def _is_alternative(self, segment: Segment) -> bool:
        return self._in("alternative", segment.joint) or self._starts("alternative", segment.words)

    def _is_concluded(self, segments: Sequence[Segment]) -> bool:
        """Whether these segments, before the next verb, hold the last item of a list, joined by "or"."""
        for segment in segments:
            if self._is_alternative(segment):
                return True
            if self.has_verb(segment):
                return False
        return False

    def _segments(self, folded: str, start: int, end: int) -> Iterator[Segment]:
        joint, words = "", start
        for match in self._joint.finditer(folded, start, end):
            if folded[words : match.start()].strip():
                yield Segment(start, match.start(), joint, folded[words : match.start()].strip())
                start, joint = match.start(), ""
            joint, words = f"{joint} {match.group()}".strip(), match.end()
        yield Segment(start, end, joint, folded[words:end].strip())

    def _in(self, field: str, words: str) -> bool:
        return self._any[field].search(words) is not None

    def _starts(self, field: str, words: str) -> bool:
        return self._any[field].match(words) is not None

"""Finds the cues in a sentence: phrases that negate or doubt a mention, or refer it to another time or a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from radz.text.lexicon import Cues, Lexicon
from radz.text.mentions import Mention
from radz.text.terms import TermIndex
from radz.types import NORMAL, Presence

_MAX_GAP = 5
"""Most words that ``...`` matches in a cue."""
_MEANINGS = {
    "negated": Presence.ABSENT,
    "uncertain": Presence.UNCERTAIN,
    "elsewhere": Presence.UNLABELLED,
}
"""Field of a lexicon -> the presence that its cues give a mention."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Characters [start, end) of a folded sentence, with or without a gap.

    meaning: the presence that it gives mentions; None for a neutral phrase. forward, backward: where it acts.
    """

    start: int
    end: int
    has_gap: bool
    meaning: Presence | None = None
    forward: bool = False
    backward: bool = False


class CueFinder:
    """Finds the cues of a lexicon in folded sentences."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._cues = TermIndex(_cues(lexicon), _MAX_GAP)

    def __call__(self, sentence: str, mentions: Sequence[Mention]) -> list[Cue]:
        """Cues in text order. Of two that overlap the longer one is taken; neutral phrases are then dropped."""
        taken: list[Cue] = []
        readings, covered = set[tuple[int, int, Presence | None]](), set[int]()
        for cue in sorted(self._candidates(sentence, mentions), key=_precedence):
            reading = (cue.start, cue.end, cue.meaning)
            if reading in readings or covered.isdisjoint(range(cue.start, cue.end)):
                taken.append(cue)
                readings.add(reading)
                covered.update(range(cue.start, cue.end))
        return sorted((cue for cue in taken if cue.meaning), key=lambda cue: cue.start)

    def _candidates(self, sentence: str, mentions: Sequence[Mention]) -> Iterator[Cue]:
        """Every match; one with a gap must not span a mention, so "no mass or change in" does not hold "no change"."""
        spans = [(m.whole_start, m.end) for m in mentions if m.label != NORMAL]
        for match, cue in self._cues.find(sentence):
            start, end = match.span()
            if not cue.has_gap or not any(start < last and first < end for first, last in spans):
                yield replace(cue, start=start, end=end)


def _cues(lexicon: Lexicon) -> Iterator[tuple[str, Cue]]:
    """Phrase -> its cue, without a place in a sentence."""
    for field, meaning in _MEANINGS.items():
        cues: Cues = getattr(lexicon, field)
        for phrases, forward, backward in (
            (cues.before, True, False),
            (cues.after, False, True),
            (cues.either, True, True),
        ):
            yield from ((phrase, Cue(0, 0, "..." in phrase, meaning, forward, backward)) for phrase in phrases)
    yield from ((phrase, Cue(0, 0, "..." in phrase)) for phrase in lexicon.neutral)


def _precedence(cue: Cue) -> tuple[int, bool, bool]:
    """Longer phrases come first; of two with the same extent, those without a gap, then neutral ones."""
    return cue.start - cue.end, cue.has_gap, cue.meaning is not None

"""Finding cues: the longest wins, neutral phrases hide what they contain."""

from __future__ import annotations

import pytest

from radz.text.cues import CueFinder
from radz.text.lexicon import Lexicon
from radz.text.mentions import Mention
from radz.types import NORMAL, Presence

FIND = CueFinder(
    Lexicon.model_validate(
        {
            "findings": {},
            "neutral": ["no ... change", "not only"],
            "negated": {"before": ["no", "not"], "after": ["not ... seen"]},
            "uncertain": {"before": ["cannot exclude"], "after": ["not well seen"], "either": ["versus"]},
            "elsewhere": {"before": ["rule out"]},
        }
    )
)
ABSENT, UNCERTAIN = Presence.ABSENT, Presence.UNCERTAIN


def found(sentence, mentions=()):
    return [(sentence[cue.start : cue.end], cue.meaning) for cue in FIND(sentence, mentions)]


@pytest.mark.parametrize(
    ("sentence", "cues"),
    [
        ("no mass", [("no", ABSENT)]),
        ("mass is not clearly seen", [("not clearly seen", ABSENT)]),
        ("mass is not well seen", [("not well seen", UNCERTAIN)]),  # of the same extent, the one without a gap
        ("no large change, not only", []),
        ("cannot exclude mass", [("cannot exclude", UNCERTAIN)]),
        ("a normal chest", []),
    ],
)
def test_the_longest_phrase_wins(sentence, cues):
    assert found(sentence) == cues


def test_a_gap_does_not_span_a_mention_except_of_no_finding():
    sentence = "no mass or change"
    assert found(sentence, [Mention("mass", 3, 7, 3)]) == [("no", ABSENT)]
    assert found(sentence, [Mention(NORMAL, 3, 7, 3)]) == []


def test_where_cues_act():
    cues = {cue.meaning: (cue.forward, cue.backward) for cue in FIND("rule out mass versus cyst, not big", [])}
    assert cues == {Presence.UNLABELLED: (True, False), UNCERTAIN: (True, True), ABSENT: (True, False)}

"""Classifying mentions: how far cues reach, and which of several wins."""

from __future__ import annotations

import subprocess
import sys

import pytest

from radz.text.lexicon import Lexicon
from radz.text.mentions import find_mentions
from radz.text.negation import MentionClassifier
from radz.text.terms import TermIndex
from radz.types import Presence

WORDS = Lexicon.model_validate(
    {
        "findings": {},
        "clauses": {
            "contrast": ["but"],
            "additive": ["and"],
            "alternative": ["or"],
            "accompanying": ["with"],
            "reasons": ["due to"],
            "verbs": ["is", "has", "have", "are"],
            "reporting": ["is seen"],
            "subjects": ["the"],
            "pronouns": ["which"],
            "singular": ["is", "has"],
            "affirming": ["old", "small"],
            "qualifying": ["left"],
        },
        "neutral": ["no ... change"],
        "negated": {"before": ["no", "not"], "after": ["resolved", "not seen"], "either": ["none"]},
        "uncertain": {"before": ["possible", "suspicious for", "may"], "after": ["not excluded"], "either": ["if any"]},
        "elsewhere": {"before": ["history of"]},
    }
)
TERMS = TermIndex([(word, word) for word in ("mass", "cyst", "fracture")])
LETTERS = {"P": Presence.PRESENT, "A": Presence.ABSENT, "U": Presence.UNCERTAIN, "-": Presence.UNLABELLED}
"""Letter -> presence, for the mentions of a sentence in order."""


@pytest.mark.parametrize(
    ("sentence", "letters"),
    [
        ("a mass", "P"),
        ("no mass", "A"),
        ("no mass, cyst, or fracture", "AAA"),
        ("no mass, old fracture", "AP"),
        ("no mass, old fracture, or cyst", "AAA"),
        ("no mass, left fracture", "AP"),
        ("no mass, left fracture or cyst", "AAA"),
        ("no mass, the fracture is old", "AP"),
        ("no mass, cyst is seen", "AA"),
        ("no mass and small cyst", "AP"),
        ("no mass, with cyst", "AP"),
        ("no mass but fracture", "AP"),
        ("no mass; fracture", "AP"),
        ("no change in mass", "P"),
        ("no mass or change in cyst", "AA"),  # the gap of "no ... change" must not span a mention
        ("mass: none", "A"),
        ("mass and cyst: none", "AA"),
        ("mass (none), cyst", "AP"),
        ("mass: no small mass", "-A"),
        ("mass: no cyst", "PA"),
        ("mass, which has resolved", "A"),
        ("mass and cyst have resolved", "AA"),
        ("mass and cyst has resolved", "PA"),
        ("mass is old, cyst not seen", "PA"),
        ("mass with fracture is not seen", "PA"),
        ("mass with old wall is not seen", "A"),
        ("not old due to mass", "P"),
        ("possible mass", "U"),
        ("possible mass, small cyst", "UP"),
        ("possible mass, no cyst", "UA"),
        ("may be due to mass or cyst", "UU"),
        ("mass possible, cyst", "UP"),
        ("mass, possible old, and cyst", "PP"),
        ("mass, if any, is small", "U"),
        ("no cyst suspicious for mass", "AA"),
        ("possible mass, which has resolved", "A"),
        ("possible: no mass", "A"),
        ("may be no mass", "U"),
        ("mass is not excluded", "U"),
        ("history of possible mass", "-"),
    ],
)
def test_mentions_are_classified_by_the_cues_that_reach_them(sentence, letters):
    presences = MentionClassifier(WORDS)(sentence, find_mentions(sentence, TERMS))
    assert presences == [LETTERS[letter] for letter in letters]


def test_a_sentence_without_mentions_has_no_presences():
    assert MentionClassifier(WORDS)("no change", []) == []


def test_importing_and_labelling_does_not_import_spacy_or_torch():
    code = "import sys, radz; radz.label_report('No mass.'); print({'spacy', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

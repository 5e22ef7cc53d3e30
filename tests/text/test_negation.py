"""Classifying mentions as affirmed, negated, doubted or about something else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from radz.errors import MissingExtraError
from radz.knowledge import KnowledgeBase
from radz.text import negation
from radz.text.lexicon import Lexicon, load_lexicon
from radz.text.mentions import Mention
from radz.text.negation import MentionClassifier
from radz.types import Presence

WORDS = Lexicon.model_validate(
    {
        "findings": {"mass": ["mass"]},
        "negated": {"before": ["no"], "after": ["none"], "pseudo": ["no change"], "end": ["but"]},
        "uncertain": {"before": ["possible"]},
        "elsewhere": {"before": ["history of"]},
    }
)


@pytest.mark.parametrize(
    ("sentence", "presence"),
    [
        ("a mass", Presence.PRESENT),
        ("no mass", Presence.ABSENT),
        ("mass: none", Presence.ABSENT),
        ("no change in mass", Presence.PRESENT),
        ("no doubt but mass", Presence.PRESENT),
        ("possible mass", Presence.UNCERTAIN),
        ("no possible mass", Presence.UNCERTAIN),
        ("history of possible mass", Presence.UNLABELLED),
    ],
)
def test_a_mention_is_classified_by_its_cues(sentence, presence):
    pytest.importorskip("negspacy", reason="the extra 'labeler' is not installed")
    start = sentence.index("mass")
    assert MentionClassifier("en", WORDS)(sentence, [Mention("mass", start, start + 4, start)]) == [presence]


def test_an_absent_extra_is_named(monkeypatch):
    monkeypatch.setattr(negation, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"The report labeler needs .*pip install 'radz\[labeler\]'"):
        MentionClassifier("en", load_lexicon("en", KnowledgeBase.load()))


def test_importing_the_labeler_does_not_import_spacy():
    code = "import sys, radz.text.labeler; print('spacy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Whether a mention is affirmed, negated, doubted, or about something other than this image.

negspacy implements NegEx over any list of cues, so it answers all three questions when it runs once with the cues for
each. spaCy is used with a tokenizer only: there is no trained model to download.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from radz.errors import MissingExtraError
from radz.text.lexicon import Cues, Lexicon, fold
from radz.text.mentions import Mention
from radz.types import Presence

_QUESTIONS = ("elsewhere", "uncertain", "negated")
_SPANS = "mentions"


class MentionClassifier:
    """Classifies mentions with the cues of a lexicon. Raises MissingExtraError if negspacy is not installed."""

    def __init__(self, language: str, lexicon: Lexicon) -> None:
        if find_spec("negspacy") is None:
            raise MissingExtraError("The report labeler", "negspacy", "labeler")
        self._nlp = _pipeline(language, lexicon)

    def __call__(self, sentence: str, mentions: Sequence[Mention]) -> list[Presence]:
        """One presence per mention in a folded sentence; UNLABELLED if it is not about this image."""
        doc = self._nlp.make_doc(sentence)
        spans = [doc.char_span(m.start, m.end, label=m.label, alignment_mode="expand") for m in mentions]
        doc.spans[_SPANS] = spans
        self._nlp(doc)
        return [_presence(span) for span in doc.spans[_SPANS]]


def _pipeline(language: str, lexicon: Lexicon) -> Any:
    import negspacy.negation  # noqa: F401  (registers the component)
    import spacy

    nlp = spacy.blank(language)
    nlp.add_pipe("sentencizer", config={"punct_chars": ["\0"]})  # the input is already a single sentence
    for question in _QUESTIONS:
        settings = {"extension_name": f"radz_{question}", "span_keys": [_SPANS]}
        cues = _termset(getattr(lexicon, question))
        nlp.add_pipe("negex", name=question, config={**settings, "neg_termset": cues})
    return nlp


def _termset(cues: Cues) -> dict[str, list[str]]:
    """Folded cues under the names that negspacy uses."""
    return {
        "pseudo_negations": [fold(cue) for cue in cues.pseudo],
        "preceding_negations": [fold(cue) for cue in cues.before],
        "following_negations": [fold(cue) for cue in cues.after],
        "termination": [fold(cue) for cue in cues.end],
    }


def _presence(span: Any) -> Presence:
    """Another time or a question wins over doubt, and doubt over negation: "cannot exclude" is a doubt."""
    if span._.radz_elsewhere:
        return Presence.UNLABELLED
    if span._.radz_uncertain:
        return Presence.UNCERTAIN
    return Presence.ABSENT if span._.radz_negated else Presence.PRESENT

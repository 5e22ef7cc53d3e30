"""Whether a mention is affirmed, denied, doubted or about something else: negspacy, three times.

negspacy implements NegEx over any list of cues; run with cues of doubt, or of another time, it answers those
questions as well. spaCy is used without a trained model: a tokenizer is enough, nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from radz.errors import MissingExtraError
from radz.text.lexicon import Cues, Lexicon, fold
from radz.types import Presence

Mention = tuple[str, int, int]
"""(label, start, end): characters [start, end) of a folded sentence."""
Judge = Callable[[str, Sequence[Mention]], list[Presence]]
"""A folded sentence and its mentions -> a presence for each; UNLABELLED where it is not about this film."""

_QUESTIONS = ("elsewhere", "uncertain", "negated")
_SPANS = "mentions"


def make_judge(language: str, lexicon: Lexicon) -> Judge:
    """A judge with the cues of ``lexicon``. Raises MissingExtraError where negspacy is not installed."""
    if find_spec("negspacy") is None:
        raise MissingExtraError("The report labeler", "negspacy", "labeler")
    nlp = _pipeline(language, lexicon)

    def judge(sentence: str, mentions: Sequence[Mention]) -> list[Presence]:
        doc = nlp.make_doc(sentence)
        spans = [doc.char_span(start, end, label=label, alignment_mode="expand") for label, start, end in mentions]
        doc.spans[_SPANS] = spans
        nlp(doc)
        return [_presence(span) for span in doc.spans[_SPANS]]

    return judge


def _pipeline(language: str, lexicon: Lexicon) -> Any:
    import negspacy.negation  # noqa: F401  (registers the component)
    import spacy

    nlp = spacy.blank(language)
    nlp.add_pipe("sentencizer", config={"punct_chars": ["\0"]})  # it is handed single sentences
    for question in _QUESTIONS:
        settings = {"extension_name": f"radz_{question}", "span_keys": [_SPANS]}
        cues = _termset(getattr(lexicon, question))
        nlp.add_pipe("negex", name=question, config={**settings, "neg_termset": cues})
    return nlp


def _termset(cues: Cues) -> dict[str, list[str]]:
    """Cues under negspacy's names, folded as the text is."""
    return {
        "pseudo_negations": [fold(cue) for cue in cues.pseudo],
        "preceding_negations": [fold(cue) for cue in cues.before],
        "following_negations": [fold(cue) for cue in cues.after],
        "termination": [fold(cue) for cue in cues.end],
    }


def _presence(span: Any) -> Presence:
    """Another time or a question first, then doubt, then denial: "cannot exclude" doubts although it denies."""
    if span._.radz_elsewhere:
        return Presence.UNLABELLED
    if span._.radz_uncertain:
        return Presence.UNCERTAIN
    return Presence.ABSENT if span._.radz_negated else Presence.PRESENT

"""negspacy and medspaCy's ConText in the place of radz's own classifier of mentions, with the cues of the same lexicon.

Neither is a dependency of radz. ``pip install negspacy``; medspaCy 1.3.1 needs spaCy 3.7 and NumPy 1, so it
needs a separate environment with pydantic, PyYAML, filelock, platformdirs and pandas, and ``src`` on PYTHONPATH.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from radz.text.lexicon import Cues, Lexicon
from radz.text.mentions import Mention
from radz.types import Presence

MEANINGS = {"elsewhere": Presence.UNLABELLED, "negated": Presence.ABSENT, "uncertain": Presence.UNCERTAIN}
"""Kind of cue -> presence; of several kinds that act on one mention the first here wins."""
FILLERS = ("", "be", "significant", "interval", "significant interval", "completely", "entirely", "clearly", "well")
"""What stands for the gap of a cue in negspacy, which has no gaps."""
SPANS = "mentions"


class NegspacyClassifier:
    """NegEx, once for each kind of cue."""

    def __init__(self, lexicon: Lexicon) -> None:
        import negspacy.negation  # noqa: F401  (registers the component)

        self.nlp = _blank_pipeline()
        for kind in MEANINGS:
            cues: Cues = getattr(lexicon, kind)
            terms = {
                "pseudo_negations": [*_without_gaps((*lexicon.neutral, *_longer_cues(lexicon, kind)))],
                "preceding_negations": [*_without_gaps((*cues.before, *cues.either))],
                "following_negations": [*_without_gaps((*cues.after, *cues.either))],
                "termination": [*_without_gaps((*lexicon.clauses.contrast, ";"))],
            }
            settings = {"extension_name": f"radz_{kind}", "span_keys": [SPANS], "neg_termset": terms}
            self.nlp.add_pipe("negex", name=kind, config=settings)

    def __call__(self, sentence: str, mentions: Sequence[Mention]) -> list[Presence]:
        """One presence per mention."""
        doc = _with_spans(self.nlp.make_doc(sentence), mentions)
        self.nlp(doc)
        return [_presence(kind for kind in MEANINGS if getattr(span._, f"radz_{kind}")) for span in doc.spans[SPANS]]


class MedspacyClassifier:
    """ConText; gaps and open endings are regular expressions."""

    def __init__(self, lexicon: Lexicon) -> None:
        from medspacy.context import ConText

        self.nlp = _blank_pipeline()
        self.context = ConText(self.nlp, rules=None, input_span_type="group", span_group_name=SPANS)
        self.context.add([*_rules(lexicon)])

    def __call__(self, sentence: str, mentions: Sequence[Mention]) -> list[Presence]:
        """One presence per mention."""
        doc = _with_spans(self.nlp(sentence), mentions)
        self.context(doc)
        return [_presence(cue.category.lower() for cue in span._.modifiers) for span in doc.spans[SPANS]]


def _blank_pipeline() -> Any:
    import spacy

    nlp = spacy.blank("en")  # a tokenizer; cues and terms of every language are in the lexicon
    nlp.add_pipe("sentencizer", config={"punct_chars": ["\0"]})
    return nlp


def _with_spans(doc: Any, mentions: Sequence[Mention]) -> Any:
    doc.spans[SPANS] = [doc.char_span(m.start, m.end, label=m.label, alignment_mode="expand") for m in mentions]
    return doc


def _presence(kinds: Iterable[str]) -> Presence:
    acting = {*kinds}
    return next((presence for kind, presence in MEANINGS.items() if kind in acting), Presence.PRESENT)


def _longer_cues(lexicon: Lexicon, kind: str) -> Iterator[str]:
    """Cues of the other kinds that contain one of this kind: "cannot exclude" is no "not"."""
    shorter = _phrases(getattr(lexicon, kind))
    for other in MEANINGS.keys() - {kind}:
        yield from (cue for cue in _phrases(getattr(lexicon, other)) if any(each in cue for each in shorter))


def _phrases(cues: Cues) -> tuple[str, ...]:
    return (*cues.before, *cues.after, *cues.either)


def _without_gaps(phrases: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        for filler in FILLERS if "..." in phrase else ("",):
            yield " ".join(phrase.replace("...", filler).replace("*", "").split())


def _rules(lexicon: Lexicon) -> Iterator[Any]:
    for kind in MEANINGS:
        cues: Cues = getattr(lexicon, kind)
        for phrases, direction in ((cues.before, "FORWARD"), (cues.after, "BACKWARD"), (cues.either, "BIDIRECTIONAL")):
            yield from (_rule(phrase, kind, direction) for phrase in phrases)
    yield from (_rule(phrase, "neutral", "PSEUDO") for phrase in lexicon.neutral)
    yield from (_rule(phrase, "clause", "TERMINATE") for phrase in (*lexicon.clauses.contrast, ";"))


def _rule(phrase: str, kind: str, direction: str) -> Any:
    from medspacy.context import ConTextRule

    if "..." not in phrase and "*" not in phrase:
        return ConTextRule(phrase, kind, direction=direction)
    words = [re.escape(part.strip()).replace(r"\*", r"\w*").replace(r"\ ", " ") for part in phrase.split("...")]
    pattern = r"(?<!\w)" + r" (?:\w+ ){0,5}".join(words) + r"(?!\w)"
    return ConTextRule(phrase, kind, direction=direction, pattern=pattern)

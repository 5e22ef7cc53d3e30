"""A document -> sentences about named concepts, cited, that nobody has reviewed.

A sentence is taken for a concept that it names by a name or synonym in the knowledge base, by a term of the English
lexicon, or by a plural of these; the longest name wins, so that "subcutaneous emphysema" is no sentence about
emphysema. What it says of the concept is not understood. Left out is what would most often harm an anchor:

``denies``     it denies the concept or another finding; text encoders hardly hear a "no".
``elsewhere``  it speaks of a risk, a question or a history of the concept.
``compares``   it tells the concept from another finding; which half is whose is not known.
``lists``      it names more than four other findings.
``form``       it is no whole sentence of 4 to 60 words, or is a question.

Doubt stays: "may", "often" and "typically" are how books speak of signs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from radz.errors import DocumentError, KnowledgeError, MissingExtraError
from radz.knowledge import IMAGED, Concept, KnowledgeBase
from radz.knowledge.statement import Statement
from radz.text.documents import Document
from radz.text.labeler import longest
from radz.text.lexicon import UNRELATED, compiled, fold, load_lexicon
from radz.text.negation import Mention, make_judge
from radz.types import NORMAL, Presence

MOST_OTHERS = 4
WORDS = range(4, 61)
_COMPARES = re.compile(
    r"\b(?:unlike|in contrast (?:to|with)|as opposed to|compared (?:to|with)|distinguish\w*|distinct from"
    r"|differentiat\w*|differential|mimic\w*|mistaken for|confused with|confus\w*|resembl\w*|versus|vs)\b"
)


@dataclass(frozen=True, slots=True)
class Found:
    """statements: concept id -> its statements, in the order of the document. left_out: reason -> sentences."""

    statements: dict[str, tuple[Statement, ...]]
    left_out: Counter[str]


class CitationFinder:
    """Finds sentences about ``concepts``. Raises MissingExtraError where the extra ``documents`` is not installed."""

    def __init__(self, concepts: Sequence[Concept], knowledge: KnowledgeBase) -> None:
        if NORMAL in {concept.id for concept in concepts}:
            raise KnowledgeError(f"'{NORMAL}' is the absence of findings; no sentence is about it. Name a finding.")
        if find_spec("negspacy") is None:
            raise MissingExtraError("Telling what a document denies", "negspacy", "documents")
        self.concepts, lexicon = concepts, load_lexicon("en", knowledge)
        asked = {concept.id for concept in concepts}
        named = [concept for concept in knowledge if (concept.kind in IMAGED or concept.id in asked)]
        terms = {(c.id, form) for c in named if c.id != NORMAL for name in c.names for form in _forms(fold(name))}
        terms |= {(c, term) for c, own in lexicon.findings.items() if c != NORMAL for term in own}
        terms |= {(UNRELATED, term) for term in lexicon.unrelated}
        self._terms = [(label, compiled(term)) for label, term in sorted(terms)]
        self._own = [pattern for label, pattern in self._terms if label in asked]
        self._judge, self._split = make_judge("en", lexicon), _splitter()

    def __call__(self, document: Document, accessed: str) -> Found:
        """Each sentence once per concept. accessed: the day the document was read, ISO 8601.

        Raises DocumentError where it has no sentence to take for any of the concepts.
        """
        found: dict[str, dict[str, Statement]] = {concept.id: {} for concept in self.concepts}
        left_out: Counter[str] = Counter()
        for sentence, where in self._sentences(document):
            source = f"{document.title}, {where}, accessed {accessed}"
            for concept, said in self._about(sentence):
                if isinstance(said, str):
                    left_out[said] += 1
                else:
                    made = Statement(text=sentence, source=source, other_findings=said)
                    found[concept].setdefault(sentence, made)
        if not any(found.values()):
            raise DocumentError(_nothing(document, [c.name for c in self.concepts], left_out))
        return Found({concept: tuple(own.values()) for concept, own in found.items()}, left_out)

    def _sentences(self, document: Document) -> Iterator[tuple[str, str]]:
        for passage in document.passages:
            for sentence in self._split(passage.text).sents:
                yield sentence.text.strip(), passage.where

    def _about(self, sentence: str) -> Iterator[tuple[str, str | tuple[str, ...]]]:
        """For each concept that the sentence names, why it is left out or the other findings that it names."""
        folded = fold(sentence)
        if not any(pattern.search(folded) for pattern in self._own):
            return
        mentions = longest((m, start) for m, start in self._mentions(folded))
        judged = [*zip((label for label, _, _ in mentions), self._judge(folded, mentions), strict=True)]
        for concept in self.concepts:
            own = {presence for label, presence in judged if label == concept.id}
            if own:
                yield concept.id, _verdict(sentence, folded, concept.id, judged)

    def _mentions(self, folded: str) -> Iterator[tuple[Mention, int]]:
        for label, pattern in self._terms:
            for match in pattern.finditer(folded):
                yield (label, match.start(1), match.end(1)), match.start()


def _verdict(sentence: str, folded: str, concept: str, judged: Sequence[tuple[str, Presence]]) -> str | tuple[str, ...]:
    others = tuple(dict.fromkeys(label for label, _ in judged if label not in (concept, UNRELATED)))
    if not _is_whole(sentence):
        return "form"
    if Presence.ABSENT in {presence for _, presence in judged}:
        return "denies"
    if all(presence is Presence.UNLABELLED for label, presence in judged if label == concept):
        return "elsewhere"
    if others and _COMPARES.search(folded):
        return "compares"
    return "lists" if len(others) > MOST_OTHERS else others


def _is_whole(sentence: str) -> bool:
    return len(sentence.split()) in WORDS and sentence[0].isupper() and sentence[-1] in ".!)"


def _forms(name: str) -> tuple[str, str]:
    """A folded name and its plural."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name, f"{name[:-1]}ies"
    return name, f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def _splitter() -> Any:
    """spaCy's rules for English sentences; "e.g." ends none."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def _nothing(document: Document, names: Sequence[str], left_out: Counter[str]) -> str:
    reasons = ", ".join(f"{count} left out ({reason})" for reason, count in left_out.items()) or "none names one"
    return (
        f"'{document.title}' has no sentence to take for {', '.join(names)}: {reasons}. "
        "The document must be English and use one of the names that `radz findings` lists."
    )

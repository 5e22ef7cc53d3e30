"""Sentences of a document about given concepts, as cited statements that nobody has reviewed yet.

A sentence belongs to a concept if it contains one of its names or synonyms, a term of the English lexicon, or the
plural of either. The longest name wins, so "subcutaneous emphysema" is not about emphysema. The content of the
sentence is not interpreted. Sentences that would most often harm an anchor are left out, with one of these reasons:

``denies``     it negates the concept or another finding; text encoders largely ignore negation.
``elsewhere``  it is about a risk, a question or a history of the concept.
``compares``   it contrasts the concept with another finding, and it is unclear which part describes which.
``lists``      it names more than four other findings.
``form``       it is a question, or not a complete sentence of 4 to 60 words.

Hedged sentences are taken: textbooks describe signs with "may", "often" and "typically".
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
from radz.text.lexicon import UNRELATED, Lexicon, load_lexicon
from radz.text.mentions import find_mentions
from radz.text.negation import MentionClassifier
from radz.text.terms import TermIndex, fold
from radz.types import NORMAL, Presence

MAX_OTHER_FINDINGS = 4
WORDS = range(4, 61)
"""Allowed number of words in a sentence."""
_COMPARISON = re.compile(
    r"\b(?:unlike|in contrast (?:to|with)|as opposed to|compared (?:to|with)|distinguish\w*|distinct from"
    r"|differentiat\w*|differential|mimic\w*|mistaken for|confused with|confus\w*|resembl\w*|versus|vs)\b"
)


@dataclass(frozen=True, slots=True)
class Citations:
    """statements: concept id -> its statements in document order. left_out: reason -> number of sentences."""

    statements: dict[str, tuple[Statement, ...]]
    left_out: Counter[str]


class CitationFinder:
    """Finds sentences about ``concepts``.

    Raises KnowledgeError if "no finding" is one of them, MissingExtraError without the extra ``documents``.
    """

    def __init__(self, concepts: Sequence[Concept], knowledge: KnowledgeBase) -> None:
        if NORMAL in {concept.id for concept in concepts}:
            raise KnowledgeError(f"'{NORMAL}' is the absence of findings; no sentence describes it. Name a finding.")
        if find_spec("spacy") is None:
            raise MissingExtraError("Splitting a document into sentences", "spacy", "documents")
        lexicon, ids = load_lexicon("en", knowledge), {concept.id for concept in concepts}
        self.concepts = concepts
        self._terms = TermIndex((term, label) for label, term in sorted(_terms(ids, knowledge, lexicon)))
        self._classify, self._split = MentionClassifier(lexicon), _sentence_splitter()

    def __call__(self, document: Document, accessed: str) -> Citations:
        """Each sentence at most once per concept. accessed: the day the document was read, ISO 8601.

        Raises DocumentError if the document has no usable sentence about any of the concepts.
        """
        statements: dict[str, dict[str, Statement]] = {concept.id: {} for concept in self.concepts}
        left_out: Counter[str] = Counter()
        for sentence, where in self._sentences(document):
            source = f"{document.title}, {where}, accessed {accessed}"
            for concept, verdict in self._verdicts(sentence):
                if isinstance(verdict, str):
                    left_out[verdict] += 1
                else:
                    statement = Statement(text=sentence, source=source, other_findings=verdict)
                    statements[concept].setdefault(sentence, statement)
        if not any(statements.values()):
            raise DocumentError(_no_sentence_message(document, [c.name for c in self.concepts], left_out))
        return Citations({concept: tuple(cited.values()) for concept, cited in statements.items()}, left_out)

    def _sentences(self, document: Document) -> Iterator[tuple[str, str]]:
        """(sentence, where it was found)."""
        for passage in document.passages:
            for sentence in self._split(passage.text).sents:
                yield sentence.text.strip(), passage.where

    def _verdicts(self, sentence: str) -> Iterator[tuple[str, str | tuple[str, ...]]]:
        """(concept id, why the sentence is left out or the other findings it names) for each concept it names."""
        folded = fold(sentence)
        mentions = find_mentions(folded, self._terms)
        classified = [*zip((mention.label for mention in mentions), self._classify(folded, mentions), strict=True)]
        named = {label for label, _ in classified}
        for concept in self.concepts:
            if concept.id in named:
                yield concept.id, _verdict(sentence, folded, concept.id, classified)


def _terms(ids: set[str], knowledge: KnowledgeBase, lexicon: Lexicon) -> set[tuple[str, str]]:
    """(label, term) of everything an image may show and of the concepts ``ids``, whatever their kind."""
    concepts = [c for c in knowledge if (c.kind in IMAGED or c.id in ids) and c.id != NORMAL]
    terms = {(c.id, form) for c in concepts for name in c.names for form in _singular_and_plural(fold(name))}
    terms |= {(concept, term) for concept, words in lexicon.findings.items() if concept != NORMAL for term in words}
    return terms | {(UNRELATED, term) for term in lexicon.unrelated}


def _verdict(
    sentence: str, folded: str, concept: str, classified: Sequence[tuple[str, Presence]]
) -> str | tuple[str, ...]:
    others = tuple(dict.fromkeys(label for label, _ in classified if label not in (concept, UNRELATED)))
    if not _is_complete(sentence):
        return "form"
    if Presence.ABSENT in {presence for _, presence in classified}:
        return "denies"
    if all(presence is Presence.UNLABELLED for label, presence in classified if label == concept):
        return "elsewhere"
    if others and _COMPARISON.search(folded):
        return "compares"
    return "lists" if len(others) > MAX_OTHER_FINDINGS else others


def _is_complete(sentence: str) -> bool:
    return len(sentence.split()) in WORDS and sentence[0].isupper() and sentence[-1] in ".!)"


def _singular_and_plural(name: str) -> tuple[str, str]:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name, f"{name[:-1]}ies"
    return name, f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def _sentence_splitter() -> Any:
    """spaCy's rule-based splitter for English; it does not end a sentence at "e.g."."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def _no_sentence_message(document: Document, names: Sequence[str], left_out: Counter[str]) -> str:
    reasons = ", ".join(f"{count} left out ({reason})" for reason, count in left_out.items()) or "none names one"
    return (
        f"'{document.title}' has no usable sentence about {', '.join(names)}: {reasons}. "
        "The document must be in English and use one of the names that `radz findings` lists."
    )

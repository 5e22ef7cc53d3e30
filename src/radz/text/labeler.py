"""Report text -> {concept id: present | absent | uncertain}; a concept that is not mentioned is not a key.

Terms are names of the knowledge base and of a lexicon per language (``lexicons/*.yaml``); the longest match wins.
Negation, doubt and history are judged by negspacy (NegEx over spaCy's tokenizer, no model to download). Of the
alternatives, medspaCy's ConText has more kinds of context but pins spaCy below 3.8, whose binaries are built for
NumPy 1 while radz needs NumPy 2, and pulls in a UMLS matcher, NLTK and pytest.

Policies, each with a name:

``strongest``       of several mentions of a concept, in one report or in several, present beats uncertain beats absent.
``parents``         a child present or uncertain makes its parents so at least, those that the lexicon labels; an absent
                    child says nothing of them.
``nothing_beside``  "no finding" is present where the report calls the film normal or free of abnormality and nothing
                    else is present or uncertain, be it a concept or an abnormality beyond the concepts. Something
                    present makes it absent, something uncertain makes it uncertain; here the weakest wins.

Labels of a machine reading are not a reader's: docs/labeler.md says how good they are, and for what.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache

from radz.knowledge import KnowledgeBase
from radz.text.lexicon import OTHER_ABNORMAL, UNRELATED, Lexicon, compiled, fold, load_lexicon
from radz.text.negation import Judge, Mention, make_judge
from radz.text.sections import read_sections
from radz.types import NORMAL, Presence

Labels = dict[str, Presence]
_STRENGTH = (Presence.ABSENT, Presence.UNCERTAIN, Presence.PRESENT)
_AGAINST_NORMAL = {Presence.PRESENT: Presence.ABSENT, Presence.UNCERTAIN: Presence.UNCERTAIN}
# A line that begins with a capital or a list mark is a new statement; a wrapped line goes on in lower case.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*(?=\n|[A-ZÁÉÍÓÚÑ]|[-*•]\s|\d+[.)]\s)")
_REMEMBERED_SENTENCES = 20_000
_CHUNK = 256


class Labeler:
    """Labels reports of one language with the concepts of a knowledge base.

    Deterministic: labels depend on the text alone. Remembers the labels of recent sentences in memory, since reports
    repeat them. Raises MissingExtraError where the extra ``labeler`` is not installed, UnknownNameError for a
    language without lexicon.
    """

    def __init__(
        self, language: str = "en", knowledge: KnowledgeBase | None = None, lexicon: Lexicon | None = None
    ) -> None:
        self.knowledge = knowledge or KnowledgeBase.load()
        lexicon = lexicon or load_lexicon(language, self.knowledge)
        self._labelled = lexicon.labelled(self.knowledge)
        self._terms = [(label, compiled(term)) for label, term in sorted(set(lexicon.terms(self.knowledge)))]
        self._normal = frozenset(fold(name) for name in self.knowledge[NORMAL].names if lexicon.concept_names)
        self._judge: Judge = make_judge(language, lexicon)
        self._of_sentence = lru_cache(_REMEMBERED_SENTENCES)(self._label_sentence)

    def __call__(self, report: str) -> Labels:
        """Labels of one report; only its findings and impression are read."""
        statements = map(self._of_sentence, sentences(read_sections(report).described))
        return self._finish(strongest(map(dict, statements)))

    def merge(self, labels: Iterable[Mapping[str, Presence]]) -> Labels:
        """Labels of several reports of one film under the policies ``strongest`` and ``nothing_beside``."""
        return self._finish(strongest(labels))

    def _label_sentence(self, sentence: str) -> tuple[tuple[str, Presence], ...]:
        folded = fold(sentence)
        if folded.strip(" .") in self._normal:
            return ((NORMAL, Presence.PRESENT),)
        mentions = longest(self._mentions(folded))
        judged = zip(mentions, self._judge(folded, mentions) if mentions else (), strict=True)
        return tuple(_statement(label, presence) for (label, _, _), presence in judged if _says(label, presence))

    def _mentions(self, folded: str) -> Iterator[tuple[Mention, int]]:
        """Each term's matches: what cues act on, and where the whole match starts."""
        for label, pattern in self._terms:
            for match in pattern.finditer(folded):
                yield (label, match.start(1), match.end(1)), match.start()

    def _finish(self, labels: Labels) -> Labels:
        labels = strongest([labels, *self._parents(labels)])
        against = {_AGAINST_NORMAL[p] for label, p in labels.items() if label != NORMAL and p in _AGAINST_NORMAL}
        labels = strongest([labels, *({NORMAL: presence} for presence in against)])
        return {concept.id: labels[concept.id] for concept in self.knowledge if concept.id in labels}

    def _parents(self, labels: Labels) -> Iterator[Labels]:
        for concept, presence in labels.items():
            if presence is not Presence.ABSENT and concept not in (NORMAL, OTHER_ABNORMAL):
                for above in (self.knowledge.lineage(concept) - {concept}) & self._labelled:
                    yield {above: presence}


def label_reports(reports: Sequence[str], language: str = "en", processes: int = 1) -> list[Labels]:
    """Labels of each report, in the order of the reports, over ``processes`` processes."""
    if processes <= 1:
        return list(map(Labeler(language), reports))
    spawn = multiprocessing.get_context("spawn")  # a fork of a process in which torch has threads may hang
    with ProcessPoolExecutor(processes, spawn, _start_worker, (language,)) as pool:
        return list(pool.map(_label_in_worker, reports, chunksize=_CHUNK))


def sentences(text: str) -> list[str]:
    """Sentences and list items of a text."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def strongest(labels: Iterable[Mapping[str, Presence]]) -> Labels:
    """The policy ``strongest``: present before uncertain before absent; for "no finding" the other way round."""
    merged: Labels = {}
    for each in labels:
        for concept, presence in each.items():
            win = min if concept == NORMAL else max
            merged[concept] = win(merged.get(concept, presence), presence, key=_STRENGTH.index)
    return merged


def longest(found: Iterable[tuple[Mention, int]]) -> list[Mention]:
    """Mentions without those that overlap a longer one, in the order of the text; equals stay together."""
    kept: list[tuple[Mention, int]] = []
    for mention, start in sorted(found, key=lambda item: (item[1] - item[0][2], item[1], item[0])):
        end = mention[2]
        if all((start, end) == (s, m[2]) or end <= s or m[2] <= start for m, s in kept):
            kept.append((mention, start))
    return [mention for mention, _ in sorted(kept, key=lambda item: item[0][1:])]


def _statement(label: str, presence: Presence) -> tuple[str, Presence]:
    """A term of "no finding" holds its own denial ("no acute disease"), so cues say nothing of it."""
    return label, Presence.PRESENT if label == NORMAL else presence


def _says(label: str, presence: Presence) -> bool:
    return label != UNRELATED and (presence is not Presence.UNLABELLED or label == NORMAL)


_worker: list[Labeler] = []


def _start_worker(language: str) -> None:
    _worker[:] = [Labeler(language)]


def _label_in_worker(report: str) -> Labels:
    return _worker[0](report)

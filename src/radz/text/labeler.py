"""Labels a report: concept id -> present, absent or uncertain. A concept that is not mentioned is not a key.

Terms are the names in the knowledge base and the words of a lexicon per language (``lexicons/*.yaml``); the longest
match wins. Three named policies turn mentions into labels:

``strongest``    of several mentions of a concept, in one report or in several, present beats uncertain beats absent.
``parents``      a child that is present or uncertain makes its labelled parents at least that; an absent child says
                 nothing about them.
``normal_only``  "no finding" is present if the report calls the image or the lungs normal and nothing else is present
                 or uncertain, whether a concept or another abnormality. Something present makes it absent, something
                 uncertain makes it uncertain; here the weakest wins.

Labels from a program are not a reader's labels: docs/labeler.md reports how well the two agree.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache

from radz.knowledge import KnowledgeBase
from radz.text.lexicon import ANAPHOR, OTHER_ABNORMAL, UNRELATED, Lexicon, load_lexicon
from radz.text.mentions import Mention, find_mentions
from radz.text.negation import MentionClassifier
from radz.text.sections import read_sections
from radz.text.sentences import split_sentences, unify_marks
from radz.text.terms import TermIndex, fold
from radz.types import NORMAL, Presence

Labels = dict[str, Presence]
_STRENGTH = (Presence.ABSENT, Presence.UNCERTAIN, Presence.PRESENT)
_EFFECT_ON_NORMAL = {Presence.PRESENT: Presence.ABSENT, Presence.UNCERTAIN: Presence.UNCERTAIN}
_CACHED_SENTENCES = 20_000
_CHUNK = 256


class Labeler:
    """Labels reports in one language with the concepts of a knowledge base.

    Labels depend on the text alone. Recent sentences are cached, since reports repeat them. Raises MissingExtraError
    without the extra ``labeler``, UnknownNameError for a language without a lexicon.
    """

    def __init__(
        self, language: str = "en", knowledge: KnowledgeBase | None = None, lexicon: Lexicon | None = None
    ) -> None:
        self.knowledge = knowledge or KnowledgeBase.load()
        lexicon = lexicon or load_lexicon(language, self.knowledge)
        self._labelled = lexicon.labelled(self.knowledge)
        self._terms = TermIndex((term, label) for label, term in sorted(set(lexicon.terms(self.knowledge))))
        self._normal = frozenset(fold(name) for name in self.knowledge[NORMAL].names if lexicon.concept_names)
        self._classify = MentionClassifier(lexicon)
        self._of_sentence = lru_cache(_CACHED_SENTENCES)(self._label_sentence)

    def __call__(self, report: str) -> Labels:
        """Labels of one report; only its findings and impression are read."""
        sentences = split_sentences(read_sections(report).described)
        return self._complete(strongest({label: p} for each in sentences for label, p in self._of_sentence(each)))

    def merge(self, labels: Iterable[Mapping[str, Presence]]) -> Labels:
        """Labels of several reports of one image under the policies ``strongest`` and ``normal_only``."""
        return self._complete(strongest(labels))

    def _label_sentence(self, sentence: str) -> tuple[tuple[str, Presence], ...]:
        folded = fold(unify_marks(sentence))
        if folded.strip(" .") in self._normal:
            return ((NORMAL, Presence.PRESENT),)
        mentions = find_mentions(folded, self._terms)
        presences = self._classify(folded, mentions)
        return tuple(_labels(mentions, presences))

    def _complete(self, labels: Labels) -> Labels:
        """Apply ``parents`` and ``normal_only``; keep concepts only, in the order of the knowledge base."""
        labels = strongest([labels, *self._parents(labels)])
        effects = {_EFFECT_ON_NORMAL[p] for label, p in labels.items() if label != NORMAL and p in _EFFECT_ON_NORMAL}
        labels = strongest([labels, *({NORMAL: presence} for presence in effects)])
        return {concept.id: labels[concept.id] for concept in self.knowledge if concept.id in labels}

    def _parents(self, labels: Labels) -> Iterator[Labels]:
        for concept, presence in labels.items():
            if presence is not Presence.ABSENT and concept not in (NORMAL, OTHER_ABNORMAL):
                for parent in (self.knowledge.lineage(concept) - {concept}) & self._labelled:
                    yield {parent: presence}


def label_report(text: str, language: str = "en") -> Labels:
    """Finding id -> presence for one report; a finding that the report does not mention is not a key.

    Only the findings and the impression are read, or the whole text if it has no headings. language: ``en`` or
    ``es``. Raises UnknownNameError for another language, MissingExtraError without the extra ``labeler``.

    >>> import radz
    >>> labels = radz.label_report("FINDINGS: No effusion, possible nodule.")  # doctest: +SKIP
    >>> {finding: str(presence) for finding, presence in labels.items()}       # doctest: +SKIP
    {'no_finding': 'uncertain', 'effusion': 'absent', 'nodule': 'uncertain'}
    """
    return _shared_labeler(language)(text)


def label_reports(reports: Sequence[str], language: str = "en", processes: int = 1) -> list[Labels]:
    """Labels of each report, in the order of the reports, computed in ``processes`` processes."""
    if processes <= 1:
        return list(map(_shared_labeler(language), reports))
    spawn = multiprocessing.get_context("spawn")  # a forked process with torch threads may hang
    with ProcessPoolExecutor(processes, spawn) as pool:
        return list(pool.map(label_report, reports, [language] * len(reports), chunksize=_CHUNK))


def strongest(labels: Iterable[Mapping[str, Presence]]) -> Labels:
    """The policy ``strongest``: present before uncertain before absent, and the reverse for "no finding"."""
    merged: Labels = {}
    for each in labels:
        for concept, presence in each.items():
            win = min if concept == NORMAL else max
            merged[concept] = win(merged.get(concept, presence), presence, key=_STRENGTH.index)
    return merged


def _labels(mentions: Sequence[Mention], presences: Sequence[Presence]) -> Iterator[tuple[str, Presence]]:
    """Labels of the mentions that say something about this image; an anaphor repeats the mention before it.

    Terms of "no finding" include their negation ("no acute disease"), so no cue changes them.
    """
    antecedent = UNRELATED
    for mention, presence in zip(mentions, presences, strict=True):
        label = antecedent if mention.label == ANAPHOR else mention.label
        antecedent = label
        if label == NORMAL:
            yield label, Presence.PRESENT
        elif label != UNRELATED and presence is not Presence.UNLABELLED:
            yield label, presence


@cache
def _shared_labeler(language: str) -> Labeler:
    """One labeler per language and process: building it takes seconds."""
    return Labeler(language)

"""Concepts held out of training, so that they may be called unseen afterwards.

A concept is held out with its narrower forms: the studies that show one or may show one, its labels, and every sentence
of a report that mentions it, denials included ("the heart is of normal size").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from radz.data.studies import Studies
from radz.errors import LeakageError, UnknownNameError
from radz.knowledge import KnowledgeBase, fold, mentions
from radz.text.labeler import Labeler
from radz.text.lexicon import load_lexicon
from radz.text.sentences import split_sentences
from radz.text.synthesis import NORMAL_TEXT
from radz.text.terms import compiled
from radz.types import Presence, Study

_CARRIED = (Presence.PRESENT, Presence.UNCERTAIN)


class WithoutConcepts(Studies):
    """A corpus as if the concepts ``held`` (ids) did not exist. An index reads its image.

    reports: whether its reports are trained on. They are read with the English labeler, and a study whose report
    becomes empty is left out.
    """

    def __init__(self, corpus: Any, held: frozenset[str], knowledge: KnowledgeBase, reports: bool) -> None:
        self.corpus, self.held = corpus, held
        self.policies = corpus.policies
        self.findings = tuple(concept for concept in corpus.findings if concept not in held)
        cut = ReportCutter(held, knowledge) if reports else None
        stripped = {
            i: _stripped(study, held, cut) for i, study in enumerate(corpus.records) if not _carries(study, held)
        }
        remaining = {i: study for i, study in stripped.items() if study is not None}
        self.rows, self.records = list(remaining), tuple(remaining.values())

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        return replace(self.records[index], pixels=self.corpus[self.rows[index]].pixels)


class ReportCutter:
    """Removes from a report every sentence about the concepts ``held``."""

    def __init__(self, held: frozenset[str], knowledge: KnowledgeBase) -> None:
        self.held, self.label = held, Labeler("en", knowledge)
        self.names = {fold(name) for concept in held for name in knowledge[concept].names}
        topics = load_lexicon("en", knowledge).topics
        self.topics = [compiled(term) for concept in held for term in topics.get(concept, ())]

    def __call__(self, report: str) -> str | None:
        """The rest of ``report``; ``None`` if it affirms or suspects a held concept, or if nothing is left."""
        labels = self.label(report)
        if any(labels.get(concept) in _CARRIED for concept in self.held):
            return None
        return " ".join(s for s in split_sentences(report) if not self._mentions_held(s)) or None

    def _mentions_held(self, sentence: str) -> bool:
        folded = fold(sentence)
        if mentions(folded, self.names) or any(topic.search(folded) for topic in self.topics):
            return True
        return bool(self.held & self.label(sentence).keys())


def held_ids(names: Sequence[str], findings: Sequence[str], knowledge: KnowledgeBase) -> frozenset[str]:
    """Ids of the concepts ``names`` and of their narrower forms.

    Raises UnknownNameError for one that is not a finding of the corpus, and LeakageError where a finding that stays
    has a name that contains one of theirs.
    """
    asked = {knowledge[name].id for name in names}
    for missing in sorted(asked - set(findings)):
        raise UnknownNameError("finding of this corpus to hold out", missing, findings)
    held = frozenset(concept.id for concept in knowledge if asked & knowledge.lineage(concept.id))
    theirs = {fold(name) for concept in held for name in knowledge[concept].names}
    for finding in findings:
        if finding not in held and mentions(fold(knowledge[finding].name), theirs):
            raise LeakageError(
                f"'{knowledge[finding].name}' would be trained and names what is held out "
                f"({', '.join(sorted(asked))}). Hold out '{finding}' as well, or neither."
            )
    return held


def normal_texts(held: frozenset[str]) -> tuple[str, ...]:
    """Sentences for a normal image that mention no held concept: not "heart of normal size" without cardiomegaly."""
    topics = load_lexicon("en", KnowledgeBase.load()).topics
    patterns = [compiled(term) for concept in held for term in topics.get(concept, ())]
    return tuple(text for text in NORMAL_TEXT if not any(pattern.search(fold(text)) for pattern in patterns))


def _carries(study: Study, held: frozenset[str]) -> bool:
    return any(study.presence(concept) in _CARRIED for concept in held)


def _stripped(study: Study, held: frozenset[str], cut: ReportCutter | None) -> Study | None:
    labels = {concept: presence for concept, presence in study.labels.items() if concept not in held}
    if cut is None:
        return replace(study, labels=labels)
    report = cut(study.report) if study.report else study.report
    return None if study.report and not report else replace(study, labels=labels, report=report)

"""What a trained model has seen of a concept. Only what it has not seen may be called zero-shot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from radz.errors import LeakageError
from radz.knowledge import Concept, KnowledgeBase, fold, mentions
from radz.provenance import Provenance
from radz.types import Exposure

UNSEEN = Exposure.UNSEEN


def exposure(concept: Concept, provenance: Provenance, knowledge: KnowledgeBase) -> Exposure:
    """The closest contact of ``concept`` with what was trained on.

    supervised: a concept of one of its names was a training label. seen: one of its names stood in a training
    report. paraphrase: its names or its text contain the name of a concept trained on, or it is a narrower form
    of one. unseen: none of these. Of a concept that was held out of training only the names count: that its
    description shares words with findings that were trained ("consolidation" in that of pneumonia) is how one
    learns of a disease from a description.
    """
    trained = _names(provenance.supervised, knowledge)
    read = _names(provenance.mentioned, knowledge)
    own = {fold(name) for name in (concept.id, *concept.names)}
    if own & trained:
        return Exposure.SUPERVISED
    if own & read:
        return Exposure.SEEN
    if _ancestors(concept, knowledge) & (trained | read) or mentions(_own_words(concept, provenance), trained | read):
        return Exposure.PARAPHRASE
    return Exposure.UNSEEN


def require_unseen(concepts: Iterable[str], provenance: Provenance, knowledge: KnowledgeBase) -> None:
    """Raise LeakageError where the model of ``provenance`` has met one of ``concepts`` (ids)."""
    met = {c: mark.value for c in concepts if (mark := exposure(knowledge[c], provenance, knowledge)) is not UNSEEN}
    if met:
        listed = ", ".join(f"{concept} ({mark})" for concept, mark in sorted(met.items()))
        raise LeakageError(
            f"The checkpoint to start from has met what is to be held out: {listed}. Start from one that has not, "
            "or hold out other findings."
        )


def count_mentions(texts: Iterable[str], knowledge: KnowledgeBase) -> dict[str, int]:
    """Concept id -> number of texts that contain one of its names, negated or not."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = fold(text)
        counts.update(c.id for c in knowledge if mentions(words, {fold(name) for name in c.names}))
    return dict(sorted(counts.items()))


def _names(concepts: Iterable[str], knowledge: KnowledgeBase) -> set[str]:
    found = set()
    for concept in concepts:
        found |= {fold(name) for name in (knowledge[concept].names if concept in knowledge else ())} | {fold(concept)}
    return found


def _ancestors(concept: Concept, knowledge: KnowledgeBase) -> set[str]:
    names: set[str] = set()
    for parent in concept.parents:
        names |= {fold(parent)} | _ancestors(knowledge[parent], knowledge)
    return names


def _own_words(concept: Concept, provenance: Provenance) -> str:
    described = () if concept.id in provenance.held_out else (concept.definition, *concept.appearance)
    return fold(" . ".join((*concept.names, *described)))

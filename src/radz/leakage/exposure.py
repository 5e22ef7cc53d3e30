"""What a model has seen of a concept in training. Only a result on an unseen concept may be called zero-shot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from radz.errors import LeakageError
from radz.knowledge import IMAGED, Concept, KnowledgeBase, fold, mentions
from radz.provenance import Provenance
from radz.types import Exposure

UNSEEN = Exposure.UNSEEN


def exposure(concept: Concept, provenance: Provenance, knowledge: KnowledgeBase) -> Exposure:
    """The closest contact of ``concept`` with training.

    supervised: one of its names was a training label. seen: one of its names occurred in a training report. related:
    its names or texts contain the name of a trained concept, or it is a narrower or broader form of one, so that images
    of one showed the other. unseen: none of these. Names count in every language of the knowledge base. Of a concept
    that was held out of training only the names count, not the texts: a description of pneumonia that mentions
    consolidation is the very means by which a zero-shot model recognises the disease.
    """
    labelled, reported = (_all_names(ids, knowledge) for ids in (provenance.supervised, provenance.mentioned))
    names = {fold(name) for name in concept.every_name}
    if names & labelled:
        return Exposure.SUPERVISED
    if names & reported:
        return Exposure.SEEN
    kin = _ancestors(concept, knowledge) & (labelled | reported) or names & _broader(provenance, knowledge)
    spoken = {name for ids in (provenance.supervised, provenance.mentioned) for name in _spoken(ids, knowledge)}
    return Exposure.RELATED if kin or mentions(_words_of(concept, provenance), spoken) else UNSEEN


def require_unseen(concepts: Iterable[str], provenance: Provenance, knowledge: KnowledgeBase) -> None:
    """Raise LeakageError if the model of ``provenance`` has seen any of ``concepts`` or a narrower form of it."""
    seen = {c: mark.value for c in concepts if (mark := exposure(knowledge[c], provenance, knowledge)) is not UNSEEN}
    if seen:
        listed = ", ".join(f"{concept} ({mark})" for concept, mark in sorted(seen.items()))
        raise LeakageError(
            f"The initial checkpoint has seen findings that are to be held out: {listed}. Start from another "
            "checkpoint or hold out other findings."
        )


def require_left_out(corpus: str, split: str, fold: str, provenance: Provenance) -> None:
    """Raise LeakageError if ``split`` of ``fold`` contains training images of the model of ``provenance``."""
    if split == "test" or provenance.corpus != corpus or provenance.fold == fold:
        return
    trained = f"left out fold {provenance.fold}" if provenance.fold else "was trained on the corpus's official split"
    requested = f"fold {fold}" if fold else "the corpus's official split"
    raise LeakageError(
        f"The model {trained}, but '{split}' of {requested} was requested, which contains training images. "
        + (f"Give the fold {provenance.fold}." if provenance.fold else "Leave the fold out.")
    )


def count_mentions(texts: Iterable[str], knowledge: KnowledgeBase) -> dict[str, int]:
    """Finding or device -> number of texts that contain one of its names in any language, negated or not.

    Body parts and modalities are not counted: a word such as "chest" says nothing about a disease.
    """
    named = [(c.id, [*map(fold, c.spoken_names)]) for c in knowledge if c.kind in IMAGED]
    counts: Counter[str] = Counter()
    for text in texts:
        words = fold(text)
        counts.update(concept for concept, names in named if mentions(words, names))
    return dict(sorted(counts.items()))


def _all_names(concepts: Iterable[str], knowledge: KnowledgeBase) -> set[str]:
    """Folded ids, names and labels of the concepts."""
    return {fold(n) for c in concepts for n in (c, *(knowledge[c].every_name if c in knowledge else ()))}


def _spoken(concepts: Iterable[str], knowledge: KnowledgeBase) -> set[str]:
    """Folded names that a text may use for the concepts."""
    return {fold(n) for c in concepts for n in (c, *(knowledge[c].spoken_names if c in knowledge else ()))}


def _broader(provenance: Provenance, knowledge: KnowledgeBase) -> set[str]:
    """Names of all ancestors of the concepts that were labels or occurred in reports."""
    seen = [concept for concept in (*provenance.supervised, *provenance.mentioned) if concept in knowledge]
    return _all_names({above for concept in seen for above in knowledge.lineage(concept)}, knowledge)


def _ancestors(concept: Concept, knowledge: KnowledgeBase) -> set[str]:
    """Folded ids of all ancestors."""
    names: set[str] = set()
    for parent in concept.parents:
        names |= {fold(parent)} | _ancestors(knowledge[parent], knowledge)
    return names


def _words_of(concept: Concept, provenance: Provenance) -> str:
    """Folded names of the concept with, unless it was held out, its texts."""
    texts = (concept.definition, *concept.appearance, *(statement.text for statement in concept.statements))
    described = () if concept.id in provenance.held_out else texts
    return fold(" . ".join((*concept.names, *described)))

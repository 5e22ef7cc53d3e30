"""What a trained model has seen of a concept. Only what it has not seen may be called zero-shot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from radz.errors import LeakageError
from radz.knowledge import IMAGED, Concept, KnowledgeBase, fold, mentions
from radz.provenance import Provenance
from radz.types import Exposure

UNSEEN = Exposure.UNSEEN


def exposure(concept: Concept, provenance: Provenance, knowledge: KnowledgeBase) -> Exposure:
    """The closest contact of ``concept`` with what was trained on.

    supervised: a concept of one of its names was a training label. seen: one of its names stood in a training
    report. related: its names or its text contain the name of a concept trained on, or it is a narrower or a
    broader form of one, so that films of the one showed the other. unseen: none of these. Names count in every
    language of the base. Of a concept that was held out of training only the names count: that its description shares
    words with findings that were trained ("consolidation" in that of pneumonia) is how one learns of a disease from a
    description.
    """
    trained, read = (_found(ids, knowledge) for ids in (provenance.supervised, provenance.mentioned))
    own = {fold(name) for name in concept.every_name}
    if own & trained:
        return Exposure.SUPERVISED
    if own & read:
        return Exposure.SEEN
    kin = _ancestors(concept, knowledge) & (trained | read) or own & _broader(provenance, knowledge)
    said = {name for ids in (provenance.supervised, provenance.mentioned) for name in _spoken(ids, knowledge)}
    return Exposure.RELATED if kin or mentions(_own_words(concept, provenance), said) else UNSEEN


def require_unseen(concepts: Iterable[str], provenance: Provenance, knowledge: KnowledgeBase) -> None:
    """Raise LeakageError where the model of ``provenance`` has met one of ``concepts`` or a narrower form of it."""
    met = {c: mark.value for c in concepts if (mark := exposure(knowledge[c], provenance, knowledge)) is not UNSEEN}
    if met:
        listed = ", ".join(f"{concept} ({mark})" for concept, mark in sorted(met.items()))
        raise LeakageError(
            f"The checkpoint to start from has met what is to be held out: {listed}. Start from one that has not, "
            "or hold out other findings."
        )


def require_left_out(corpus: str, split: str, fold: str, provenance: Provenance) -> None:
    """Raise LeakageError where ``split`` under ``fold`` holds films that the model of ``provenance`` trained on."""
    if split == "test" or provenance.corpus != corpus or provenance.fold == fold:
        return
    trained = f"left out fold {provenance.fold}" if provenance.fold else "trained on the corpus's own split"
    asked = f"fold {fold}" if fold else "the corpus's own split"
    raise LeakageError(
        f"The model {trained} and '{split}' of {asked} is asked for: films that it was trained on would be among them. "
        + (f"Give the fold {provenance.fold}." if provenance.fold else "Leave the fold out.")
    )


def count_mentions(texts: Iterable[str], knowledge: KnowledgeBase) -> dict[str, int]:
    """Finding or device -> number of texts that contain one of its names in any language, negated or not.

    Body parts and modalities are left out: a word such as "chest" teaches no disease.
    """
    named = [(c.id, [*map(fold, c.spoken_names)]) for c in knowledge if c.kind in IMAGED]
    counts: Counter[str] = Counter()
    for text in texts:
        words = fold(text)
        counts.update(concept for concept, names in named if mentions(words, names))
    return dict(sorted(counts.items()))


def _found(concepts: Iterable[str], knowledge: KnowledgeBase) -> set[str]:
    """Folded names under which the concepts are found."""
    return {fold(n) for c in concepts for n in (c, *(knowledge[c].every_name if c in knowledge else ()))}


def _spoken(concepts: Iterable[str], knowledge: KnowledgeBase) -> set[str]:
    """Folded names that a text may call them."""
    return {fold(n) for c in concepts for n in (c, *(knowledge[c].spoken_names if c in knowledge else ()))}


def _broader(provenance: Provenance, knowledge: KnowledgeBase) -> set[str]:
    """Names of everything above what was trained on or read."""
    met = [concept for concept in (*provenance.supervised, *provenance.mentioned) if concept in knowledge]
    return _found({above for concept in met for above in knowledge.lineage(concept)}, knowledge)


def _ancestors(concept: Concept, knowledge: KnowledgeBase) -> set[str]:
    names: set[str] = set()
    for parent in concept.parents:
        names |= {fold(parent)} | _ancestors(knowledge[parent], knowledge)
    return names


def _own_words(concept: Concept, provenance: Provenance) -> str:
    texts = (concept.definition, *concept.appearance, *(statement.text for statement in concept.statements))
    described = () if concept.id in provenance.held_out else texts
    return fold(" . ".join((*concept.names, *described)))

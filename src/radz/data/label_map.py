"""The labels that two corpora share, by relation, and why the others are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from radz.data.ontology import Label, Relation, labels_of
from radz.knowledge import KnowledgeBase, fold
from radz.types import NORMAL


@dataclass(frozen=True, slots=True)
class SharedLabel:
    """A label of corpus A, and the labels of corpus B that it has one relation to."""

    label: str
    concept: str
    relation: Relation
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A label without a counterpart in the other corpus."""

    corpus: str
    label: str
    concept: str
    why: str


@dataclass(frozen=True, slots=True)
class LabelMap:
    """The labels that ``first`` and ``second`` share, exact ones first, and those of either that are left out."""

    first: str
    second: str
    shared: tuple[SharedLabel, ...]
    left_out: tuple[LeftOut, ...]


def map_labels(first: str, second: str) -> LabelMap:
    """Compare the labels of two corpora. Raises UnknownNameError for a corpus without a file of labels."""
    ours, theirs = [*labels_of(first).values()], [*labels_of(second).values()]
    shared = [row for label in ours for row in _rows(label, theirs)]
    matched, others = {row.label for row in shared}, {other for row in shared for other in row.others}
    left_out = [*_left_out(first, ours, matched, second, theirs), *_left_out(second, theirs, others, first, ours)]
    order = [Relation.EXACT, Relation.NARROWER, Relation.BROADER]
    return LabelMap(first, second, tuple(sorted(shared, key=lambda row: order.index(row.relation))), tuple(left_out))


def relation_between(one: Label, other: Label) -> Relation:
    """Relation of ``one`` to ``other``: exact, narrower (a kind of it), broader, or none where neither follows.

    A label is narrower than another where it includes no more than its concept, that concept is the other's or a kind
    of it, and the other includes all of its concept. "No finding" is never compared: its meaning depends on all other
    labels of its corpus.
    """
    if Relation.NONE in (one.relation, other.relation) or NORMAL in (one.concept, other.concept):
        return Relation.NONE
    if _same_words(one, other):
        return Relation.EXACT
    within, around = _within(one, other), _within(other, one)
    if within and around:
        return Relation.EXACT
    return Relation.NARROWER if within else Relation.BROADER if around else Relation.NONE


def grouped_by_reason(mapped: LabelMap) -> dict[tuple[str, str], list[str]]:
    """(corpus, why) -> its labels that are left out for that reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in mapped.left_out:
        groups.setdefault((entry.corpus, entry.why), []).append(entry.label)
    return groups


def _within(one: Label, other: Label) -> bool:
    return (
        one.relation in (Relation.EXACT, Relation.NARROWER)
        and other.concept in KnowledgeBase.load().lineage(one.concept)
        and other.relation in (Relation.EXACT, Relation.BROADER)
    )


def _same_words(one: Label, other: Label) -> bool:
    """ "Rib fracture" and "rib fracture", both kinds of a concept, are one thing."""
    return (fold(one.name), one.concept, one.relation) == (fold(other.name), other.concept, other.relation)


def _rows(label: Label, others: Sequence[Label]) -> list[SharedLabel]:
    relations = {other.name: relation_between(label, other) for other in others}
    rows = []
    for relation in (Relation.EXACT, Relation.NARROWER, Relation.BROADER):
        if names := tuple(name for name, to_other in relations.items() if to_other is relation):
            rows.append(SharedLabel(label.name, label.concept, relation, names))
    return rows


def _left_out(
    corpus: str, labels: Iterable[Label], matched: set[str], other: str, others: Sequence[Label]
) -> list[LeftOut]:
    return [
        LeftOut(corpus, label.name, label.concept, _why(label, other, others))
        for label in labels
        if label.name not in matched
    ]


def _why(label: Label, other: str, others: Sequence[Label]) -> str:
    if label.relation is Relation.NONE:
        return label.why
    if label.concept == NORMAL:
        return "means that no finding of its corpus is seen; other corpora have other findings"
    kin = [o.name for o in others if o.relation is not Relation.NONE and _kin(label.concept, o.concept)]
    if kin:
        return f"is related to {_listed(kin)} of {other}, but {_overlap(label)}: neither follows from the other"
    if _image(label.concept) not in {_image(o.concept) for o in others if o.concept}:
        return f"is a finding of {_image(label.concept)}, for which {other} has no labels"
    return f"{other} has neither the finding nor a broader or narrower one"


def _kin(one: str, other: str) -> bool:
    knowledge = KnowledgeBase.load()
    return one in knowledge.lineage(other) or other in knowledge.lineage(one)


def _overlap(label: Label) -> str:
    name = KnowledgeBase.load()[label.concept].name
    means = {Relation.NARROWER: "is a kind of", Relation.BROADER: "includes more than", Relation.EXACT: "is"}
    return f"it {means[label.relation]} {name}"


def _image(concept: str) -> str:
    entry = KnowledgeBase.load()[concept]
    return f"{entry.body_part.replace('_', ' ')} {entry.modality}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")

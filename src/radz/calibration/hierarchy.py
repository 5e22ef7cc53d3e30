"""A finding and its kinds must not contradict each other: a film with a lobar pneumonia shows a pneumonia."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from radz.knowledge import KnowledgeBase
from radz.metrics.ranking import Floats


def reconcile(scores: Floats, concepts: Sequence[str], knowledge: KnowledgeBase) -> Floats:
    """Scores (..., C) in which no parent lies below its child: a parent's is the greatest of its own and of all below.

    Only concepts that were asked for take part. A child never changes. NaN counts for nothing, and a concept whose own
    score is NaN keeps it. For what is shown; metrics are computed from scores as the model gave them.
    """
    whole = np.array(scores, dtype=np.float64)
    for column, parent in enumerate(concepts):
        below = [j for j, child in enumerate(concepts) if j != column and _is_above(parent, child, knowledge)]
        for child in below:
            whole[..., column] = _greater(whole[..., column], np.asarray(scores)[..., child])
    return whole


def groups_of(concepts: Iterable[str], knowledge: KnowledgeBase) -> dict[str, str]:
    """Concept -> its disease group (infectious, neoplastic, cardiovascular, other); other where it is unknown."""
    return {concept: knowledge[concept].group if concept in knowledge else "other" for concept in concepts}


def _is_above(parent: str, child: str, knowledge: KnowledgeBase) -> bool:
    return child in knowledge and parent in knowledge.lineage(child)


def _greater(own: Floats, child: Floats) -> Floats:
    greater: Floats = np.where(np.isnan(own), own, np.fmax(own, child))
    return greater

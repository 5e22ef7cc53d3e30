"""Consistent scores of a finding and its subtypes: an image that shows lobar pneumonia shows pneumonia."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from radz.knowledge import KnowledgeBase
from radz.metrics.ranking import Floats


def reconcile(scores: Floats, concepts: Sequence[str], knowledge: KnowledgeBase) -> Floats:
    """Scores (..., C) in which no parent is below a child: a parent gets the maximum over itself and its descendants.

    Only ``concepts`` take part. A score without descendants never changes. NaN is ignored, and a NaN score
    stays NaN. For display only; metrics are computed from the model's own scores.
    """
    consistent = np.array(scores, dtype=np.float64)
    for column, parent in enumerate(concepts):
        below = [j for j, child in enumerate(concepts) if j != column and _is_above(parent, child, knowledge)]
        for child in below:
            consistent[..., column] = _greater(consistent[..., column], np.asarray(scores)[..., child])
    return consistent


def groups_of(concepts: Iterable[str], knowledge: KnowledgeBase) -> dict[str, str]:
    """Concept -> disease group (infectious, neoplastic, cardiovascular, other); unknown concepts are "other"."""
    return {concept: knowledge[concept].group if concept in knowledge else "other" for concept in concepts}


def _is_above(parent: str, child: str, knowledge: KnowledgeBase) -> bool:
    """Whether ``parent`` is an ancestor of ``child``."""
    return child in knowledge and parent in knowledge.lineage(child)


def _greater(parent: Floats, child: Floats) -> Floats:
    """Maximum of two scores (...), NaN where the parent's is NaN."""
    greater: Floats = np.where(np.isnan(parent), parent, np.fmax(parent, child))
    return greater

"""Sets of findings with a guaranteed expected recall, by conformal risk control (Angelopoulos et al., 2022).

The set of a film holds the findings that score at least a threshold. The threshold is the highest at which the share
of missed findings, on validation films and counting one film more that misses all, stays within ``1 - recall``. For a
new film that is exchangeable with those and shows any finding, the expected share found is then at least ``recall``.
Raw scores are compared, since probabilities fitted on the same films would break exchangeability.

MAPIE has the same bound, but takes neither unknown labels nor scores outside [0, 1]; a test compares the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.metrics.ranking import Floats

RECALL = 0.9


@dataclass(frozen=True, slots=True)
class RiskControl:
    """threshold: lowest score in a set. recall: what it guarantees. studies: validation films with a finding."""

    threshold: float
    recall: float
    studies: int


def control_recall(scores: Floats, labels: Floats, recall: float = RECALL) -> RiskControl:
    """Threshold from validation scores (N, C) and labels (N, C) in {1, 0, NaN}; films without a finding take no part.

    Raises ScoresError for a recall outside (0, 1) and where films are too few for it.
    """
    if not 0 < recall < 1:
        raise ScoresError(f"Recall {recall} is outside (0, 1), e.g. {RECALL}.")
    score, weight = _positives(scores, labels)
    studies = round(float(weight.sum()))
    allowed = (1 - recall) * (studies + 1) - 1  # films' worth of misses: n R(t) + 1 <= (1 - recall)(n + 1)
    if allowed < -1e-9:
        raise ScoresError(
            f"{studies} validation films with a scored finding cannot guarantee a recall of {recall}: it takes at "
            f"least {math.ceil(1 / (1 - recall) - 1 - 1e-9)}. Calibrate on more films, or ask for less recall."
        )
    missed = np.concatenate([[0.0], np.cumsum(weight)])[:-1]  # by a threshold at each score, ties not counted twice
    missed = missed[np.searchsorted(score, score)]
    return RiskControl(float(score[missed <= allowed + 1e-9].max()), recall, studies)


def recalls(scores: Floats, labels: Floats, threshold: float) -> Floats:
    """Share of each film's present findings that score at least ``threshold``, (N,); NaN for films without any."""
    present = (labels == 1) & ~np.isnan(scores)
    found: NDArray[np.int64] = (present & (scores >= threshold)).sum(axis=1)
    total = present.sum(axis=1)
    shares: Floats = np.divide(found, total, out=np.full(len(scores), np.nan), where=total > 0)
    return shares


def _positives(scores: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """Scores of all present findings, ascending, and the share of its film's recall that each is."""
    present = (labels == 1) & ~np.isnan(scores)
    count = np.broadcast_to(present.sum(axis=1, keepdims=True), present.shape)[present]
    order = np.argsort(scores[present], kind="stable")
    return scores[present][order], (1 / count)[order]

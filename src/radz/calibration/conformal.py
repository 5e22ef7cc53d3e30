"""Sets of findings with a guaranteed expected recall, by conformal risk control (Angelopoulos et al., 2022).

The set of an image holds the findings that score at or above a threshold. The threshold is the highest for which the
share of missed findings on the validation images, plus one imaginary image that misses all, is at most ``1 - recall``.
For a new image that is exchangeable with these and shows any finding, the expected recall is then at least ``recall``.
Raw scores are used, because probabilities fitted on the same images would break exchangeability.

Written here because MAPIE, which has the same bound, accepts neither partly labelled findings nor scores outside
[0, 1]. A test compares the two where both apply.
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
    """threshold: lowest score in a set. recall: guaranteed in expectation. studies: those with a finding."""

    threshold: float
    recall: float
    studies: int


def control_recall(scores: Floats, labels: Floats, recall: float = RECALL) -> RiskControl:
    """Threshold from validation scores (N, C) and labels (N, C) in {1, 0, NaN}; studies without a finding are ignored.

    Raises ScoresError for a recall outside (0, 1) and for too few studies.
    """
    if not 0 < recall < 1:
        raise ScoresError(f"Recall {recall} is outside (0, 1), e.g. {RECALL}.")
    score, weight = _positives(scores, labels)
    studies = round(float(weight.sum()))
    allowed = (1 - recall) * (studies + 1) - 1  # missed studies: n R(t) + 1 <= (1 - recall)(n + 1)
    if allowed < -1e-9:
        raise ScoresError(
            f"{studies} validation images with a scored finding cannot guarantee a recall of {recall}: at least "
            f"{math.ceil(1 / (1 - recall) - 1 - 1e-9)} are needed. Calibrate on more images or ask for less recall."
        )
    missed = np.concatenate([[0.0], np.cumsum(weight)])[:-1]  # below each score
    missed = missed[np.searchsorted(score, score)]  # tied findings are missed together
    return RiskControl(float(score[missed <= allowed + 1e-9].max()), recall, studies)


def recalls(scores: Floats, labels: Floats, threshold: float) -> Floats:
    """Share of the present findings of each study that score at least ``threshold``, (N,); NaN without any.

    scores: (N, C). labels: (N, C) in {1, 0, NaN}.
    """
    present = (labels == 1) & ~np.isnan(scores)
    recalled: NDArray[np.int64] = (present & (scores >= threshold)).sum(axis=1)
    total = present.sum(axis=1)
    shares: Floats = np.divide(recalled, total, out=np.full(len(scores), np.nan), where=total > 0)
    return shares


def _positives(scores: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """Scores (P,) of all present findings, ascending, and the share (P,) of its study's recall that each makes up.

    scores: (N, C). labels: (N, C) in {1, 0, NaN}.
    """
    present = (labels == 1) & ~np.isnan(scores)
    count = np.broadcast_to(present.sum(axis=1, keepdims=True), present.shape)[present]
    order = np.argsort(scores[present], kind="stable")
    return scores[present][order], (1 / count)[order]

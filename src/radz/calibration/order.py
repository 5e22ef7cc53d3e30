"""The order in which the findings of an image are shown.

Findings with a probability come first, by probability; then those with a percentile among reference images of the same
view, by percentile; then the rest by score. Chosen on validation images of other patients
(docs/uncertainty.md): the probability alone already knows what is usual, and a percentile does not.
"""

from __future__ import annotations

import numpy as np

from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.reference import ANY_VIEW, ReferenceStatistics
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import ScoreMatrix


def order_keys(probabilities: Floats, others: Floats) -> Floats:
    """Keys (B, C), greater = shown earlier: findings with a probability first, the rest by ``others``.

    probabilities: (B, C) in [0, 1], NaN if a finding has none. others: (B, C), comparable within an image; NaN sorts
    last.
    """
    values = np.nan_to_num(np.asarray(others, dtype=np.float64), nan=-np.inf)
    lower = np.apply_along_axis(lambda row: np.searchsorted(np.sort(row), row), -1, values)  # how many are lower
    below = lower / values.shape[-1] - 1  # in [-1, 0)
    keys: Floats = np.where(np.isnan(probabilities), below, probabilities)
    return keys


def stored_probabilities(matrix: ScoreMatrix, stored: StoredCalibration) -> Floats:
    """Calibrated probabilities (N, C) of the scores, NaN for findings that have none."""
    values = np.full(matrix.scores.shape, np.nan)
    for column, concept in enumerate(matrix.concepts):
        if concept in stored.platt and concept in stored.texts:
            values[:, column] = stored.platt[concept].probability(matrix.scores[:, column])
    return values


def stored_percentiles(matrix: ScoreMatrix, reference: ReferenceStatistics) -> Floats:
    """Percentiles (N, C) of the scores among reference images of the study's view; NaN if there is none."""
    values = np.full(matrix.scores.shape, np.nan)
    views = matrix.metadata["view"]
    for column, concept in enumerate(matrix.concepts):
        for view in np.unique(views):
            if (view or ANY_VIEW) in reference.quantiles.get(concept, {}):
                rows = views == view
                values[rows, column] = reference.percentile(concept, str(view), matrix.scores[rows, column])
    return values

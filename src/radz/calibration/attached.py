"""The calibration that a table of scores is to be judged by, kept in the table itself.

So probabilities, refusals and finding sets are judged from the file alone, as every other number is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.reliability import Reliability, reliability
from radz.errors import ScoresError
from radz.metrics.fitted_file import first_fault
from radz.metrics.scores_file import DISTANCE, ScoresTable, UncertainPolicy


def attach_calibration(
    table: ScoresTable, stored: StoredCalibration, known: Collection[str], distances: Mapping[str, float]
) -> ScoresTable:
    """The table with the calibration of the findings ``known``, and of each study id its distance.

    Of the distribution that distances come from only the threshold is kept: the rest describes films.
    """
    far = stored.out_of_distribution
    kept = stored.model_copy(
        update={
            "texts": {concept: texts for concept, texts in stored.texts.items() if concept in known},
            "out_of_distribution": replace(far, mean=(), spread=(), directions=(), variances=()) if far else None,
        }
    )
    rows = table.rows.assign(**{DISTANCE: table.rows["study"].map(dict(distances)).astype("float32")})
    return ScoresTable(rows, replace(table.provenance, calibration=kept.model_dump(mode="json")))


def assess_calibration(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> Reliability | str:
    """How far the calibration in the table holds on its studies, or why that is not said.

    Raises ScoresError where it is damaged.
    """
    made = table.provenance
    if not made.calibration:
        return made.uncalibrated or "these scores come without calibration"
    try:
        stored = StoredCalibration.model_validate(made.calibration)
    except ValidationError as error:
        raise ScoresError(
            f"The calibration in the scores of '{made.model}' is damaged: {first_fault(error)}. Write the scores again."
        ) from None
    return reliability(table, stored, stored.texts, _distances(table), uncertain)


def _distances(table: ScoresTable) -> dict[str, float]:
    """Study id -> distance, of the studies that have one."""
    each = table.rows.drop_duplicates("study").dropna(subset=[DISTANCE])
    return dict(zip(each["study"], each[DISTANCE].astype(np.float64), strict=True))

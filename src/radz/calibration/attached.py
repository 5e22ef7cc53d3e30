"""Calibration stored inside a table of scores.

The scores file is then enough to assess probabilities, abstention and finding sets, as for every other metric.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from radz.calibration.calibration_file import StoredCalibration
from radz.calibration.reference import ReferenceStatistics
from radz.calibration.reliability import Reliability, reliability
from radz.errors import ScoresError
from radz.metrics.fitted_file import first_fault
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.scores_file import DISTANCE, ScoresTable
from radz.types import Anchors

T = TypeVar("T", bound=BaseModel)


def attach_calibration(
    table: ScoresTable, stored: StoredCalibration, known: Collection[str], distances: Mapping[str, float]
) -> ScoresTable:
    """The table with the calibration of the findings ``known`` and with distances, study id -> distance.

    Of the distribution of calibration images only the threshold is stored: the rest describes images.
    """
    distribution = stored.out_of_distribution
    threshold_only = (
        replace(distribution, mean=(), spread=(), directions=(), variances=()) if distribution is not None else None
    )
    texts = {concept: texts for concept, texts in stored.texts.items() if concept in known}
    attached = stored.model_copy(update={"texts": texts, "out_of_distribution": threshold_only})
    rows = table.rows.assign(**{DISTANCE: table.rows["study"].map(dict(distances)).astype("float32")})
    return ScoresTable(rows, replace(table.provenance, calibration=attached.model_dump(mode="json")))


def attach_reference(table: ScoresTable, reference: ReferenceStatistics, anchors: Anchors) -> ScoresTable:
    """The table with the reference statistics of its findings, those whose anchors they were made with."""
    scored = {c: t for c, t in zip(anchors.concepts, anchors.texts, strict=True) if c in table.concepts}
    known = [concept for concept, texts in scored.items() if not reference.why_no_percentile(concept, texts, "")]
    part = reference.model_copy(
        update={
            "texts": {concept: reference.texts[concept] for concept in known},
            "quantiles": {concept: reference.quantiles[concept] for concept in known},
        }
    )
    return replace(table, provenance=replace(table.provenance, reference=part.model_dump(mode="json")))


def attached_reference(table: ScoresTable) -> ReferenceStatistics | None:
    """The reference statistics in the table; ``None`` where it has none. Raises ScoresError where they are damaged."""
    provenance = table.provenance
    return _stored(ReferenceStatistics, provenance.reference, "reference statistics", provenance.model)


def assess_calibration(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> Reliability | str:
    """How well the attached calibration holds on the studies of the table, or why it cannot be assessed.

    Raises ScoresError if it is damaged.
    """
    stored = attached_calibration(table)
    if stored is None:
        return table.provenance.uncalibrated or "these scores come without calibration"
    return reliability(table, stored, stored.texts, _distances(table), uncertain)


def attached_calibration(table: ScoresTable) -> StoredCalibration | None:
    """The calibration in the table; ``None`` if it has none. Raises ScoresError if it is damaged."""
    provenance = table.provenance
    return _stored(StoredCalibration, provenance.calibration, "calibration", provenance.model)


def _stored(kind: type[T], content: Mapping[str, Any], what: str, model: str) -> T | None:
    """What a table holds of one kind; ``None`` where it holds nothing."""
    if not content:
        return None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ScoresError(
            f"The scores of '{model}' hold damaged {what}: {first_fault(error)}. Write the scores again."
        ) from None


def _distances(table: ScoresTable) -> dict[str, float]:
    """Study id -> distance, of the studies that have one."""
    studies = table.rows.drop_duplicates("study").dropna(subset=[DISTANCE])
    return dict(zip(studies["study"], studies[DISTANCE].astype(np.float64), strict=True))

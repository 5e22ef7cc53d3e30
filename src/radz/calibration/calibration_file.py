"""``calibration.json``: the calibration of one model's scores, fitted on validation images, stored with the model.

It holds fitted numbers, counts and hashes, never the values of a single image. It applies to one model (fingerprint),
one anchor strategy and, for each finding, the exact texts of its anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from radz import __version__
from radz.calibration.conformal import RECALL, RiskControl, control_recall
from radz.calibration.out_of_distribution import OutOfDistribution, fit_out_of_distribution
from radz.calibration.platt import PlattScaling, fit_platt_scaling, require_validation
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.metrics.fitted_file import read_stored, write_stored
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresTable, scores_sha256
from radz.storage import content_hash
from radz.types import NORMAL, RESEARCH_USE, Anchors, Exposure

CALIBRATION = "calibration.json"
AGAIN = "Run `radz calibrate` again."
UNSEEN = "the model has not seen this finding, and unseen findings are never calibrated"
T = TypeVar("T")


class StoredCalibration(BaseModel):
    """The content of ``calibration.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    notice: str = RESEARCH_USE
    radz: str = __version__
    fingerprint: str = Field(description="Of the model: SHA-256 of its weights, first 16 digits.")
    anchors: str = Field(description="Strategy of the anchors that were scored.")
    corpus: str = Field(description="Corpus of the validation studies.")
    split: str = Field(description="Their split, 'val' and no other.")
    split_hash: str = Field("", description="Hash of the split's studies and labels.")
    scores_sha256: str = Field(description="Hash of the scores it was fitted on.")
    studies: int
    patients: int
    texts: dict[str, str] = Field(description="Scored finding -> hash of the texts of its anchor.")
    platt: dict[str, PlattScaling] = Field(description="Finding -> slope and offset of its probability, and counts.")
    prevalence: dict[str, float] = Field(
        description="Finding -> share of validation images that show it, the prevalence its probabilities hold for."
    )
    refused: dict[str, str] = Field(description="Finding -> why it has no probability.")
    pooled: PlattScaling = Field(description="One temperature (1 / slope) and offset for all findings; only reported.")
    finding_set: RiskControl | None = Field(description="Lowest score of a finding in a finding set.")
    out_of_distribution: OutOfDistribution | None = Field(
        validation_alias=AliasChoices("out_of_distribution", "familiarity"),
        description="Distribution of the calibration images and the greatest accepted distance.",
    )
    agreement: float | None = Field(description="Lowest agreement among the texts of an anchor, in [0, 1].")
    missing: dict[str, str] = Field({}, description="Part that could not be fitted -> reason.")

    @model_validator(mode="after")
    def _require_reasons(self) -> Self:
        """Each calibrated finding has a probability, or the reason why it has none."""
        if unexplained := sorted(self.texts.keys() - self.platt.keys() - self.refused.keys()):
            raise ValueError(f"{unexplained[0]} has neither a fit under platt nor a reason under refused")
        return self

    def why_no_probability(self, concept: str, texts: tuple[str, ...], mark: Exposure) -> str:
        """Why a finding has no probability; empty if it has one."""
        if mark is Exposure.UNSEEN:
            return UNSEEN
        if not self.knows(concept, texts):
            return self._why_unknown(concept)
        return self.refused.get(concept, "")

    def knows(self, concept: str, texts: tuple[str, ...]) -> bool:
        """Whether the finding was calibrated with exactly these texts of its anchor."""
        return self.texts.get(concept) == texts_sha256(texts)

    def _why_unknown(self, concept: str) -> str:
        """Why the finding of an anchor is not the one that was calibrated."""
        if concept in self.texts:
            return "the texts of this finding have changed since calibration"
        return self.refused.get(concept, "not in the calibration set")


def fit_calibration(
    table: ScoresTable, appearances: Mapping[str, Floats], anchors: Anchors, recall: float = RECALL
) -> StoredCalibration:
    """Fit everything on scores of a validation split and the appearance of its images, study id -> (A,).

    Findings that the model has not seen are left out. Raises LeakageError for any split other than ``val``, ScoresError
    if no finding is left, MissingExtraError without scikit-learn.
    """
    require_validation(table)
    seen = _seen(table)
    matrix, scaling = as_matrix(seen), fit_platt_scaling(seen)
    missing: dict[str, str] = {}
    images = np.stack([appearances[study] for study in matrix.studies])
    texts = dict(zip(anchors.concepts, anchors.texts, strict=True))
    provenance = table.provenance
    return StoredCalibration(
        fingerprint=provenance.fingerprint,
        anchors=provenance.anchors,
        corpus=provenance.corpus,
        split=provenance.split,
        split_hash=provenance.split_hash,
        scores_sha256=scores_sha256(table),
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        texts={concept: texts_sha256(texts[concept]) for concept in matrix.concepts},
        platt=dict(scaling.by_concept),
        prevalence={concept: round(fit.prevalence, 6) for concept, fit in scaling.by_concept.items()},
        refused=dict(scaling.refused) | {c: UNSEEN for c in table.concepts if c not in matrix.concepts and c != NORMAL},
        pooled=scaling.pooled,
        finding_set=_or_reason("finding_set", lambda: control_recall(matrix.scores, matrix.labels, recall), missing),
        out_of_distribution=_or_reason(
            "out_of_distribution", lambda: fit_out_of_distribution(images, matrix.patients), missing
        ),
        agreement=_least_agreement(anchors, matrix.concepts),
        missing=missing,
    )


def write_calibration(stored: StoredCalibration, path: Path) -> None:
    """Write the file atomically."""
    write_stored(stored, path)


def read_calibration(path: Path, fingerprint: str, anchors: str) -> StoredCalibration:
    """Read the calibration of the model ``fingerprint`` with its ``anchors``.

    Raises CalibrationError for a file that is missing, damaged, or of another model or other anchors, LeakageError for
    one that was not fitted on a validation split.
    """
    stored = read_stored(StoredCalibration, path, "radz calibrate", AGAIN)
    if stored.split != "val":
        raise LeakageError(
            f"{path.name} was fitted on split '{stored.split}', but calibration may only use split 'val': nothing "
            f"may be fitted on images that a result is reported on. {AGAIN}"
        )
    if stored.fingerprint != fingerprint:
        raise CalibrationError(
            f"{path.name} belongs to the model {stored.fingerprint}, but this one is {fingerprint}. Its scores have "
            f"another scale. {AGAIN}"
        )
    if stored.anchors != anchors:
        raise CalibrationError(
            f"{path.name} belongs to the anchors '{stored.anchors}', but the anchors in use are '{anchors}'. {AGAIN}"
        )
    return stored


def texts_sha256(texts: tuple[str, ...]) -> str:
    """Hash of the texts of an anchor, first 16 digits."""
    return content_hash("\n".join(texts))[:16]


def _seen(table: ScoresTable) -> ScoresTable:
    """The table with only the findings that the model has seen. Raises ScoresError if none is left."""
    marks = table.provenance.exposure
    seen = [c for c in table.concepts if c != NORMAL and marks.get(c) not in (None, Exposure.UNSEEN.value)]
    if not seen:
        raise ScoresError(
            f"Nothing to calibrate: the model has seen none of {', '.join(table.concepts) or 'no finding'}, and "
            "unseen findings are never calibrated. Choose a corpus that labels findings it has seen."
        )
    return replace(table, rows=table.rows[table.rows["concept"].isin(seen)])


def _or_reason(name: str, make: Callable[[], T], missing: dict[str, str]) -> T | None:
    """The result of ``make``, or ``None`` with the reason in ``missing`` under ``name``."""
    try:
        return make()
    except ScoresError as error:
        missing[name] = str(error)
        return None


def _least_agreement(anchors: Anchors, concepts: tuple[str, ...]) -> float | None:
    """Lowest agreement among ``concepts`` whose anchors have several texts; ``None`` if no anchor has."""
    if anchors.agreement is None:
        return None
    rows = zip(anchors.concepts, anchors.texts, anchors.agreement.tolist(), strict=True)
    several = [value for concept, texts, value in rows if concept in concepts and len(texts) > 1]
    return min(several, default=None)

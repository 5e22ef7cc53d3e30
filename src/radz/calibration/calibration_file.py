"""``calibration.json``: what validation films say of one model's scores, in a file beside the model.

It holds numbers that are fitted, counts and hashes, never a film's own value. It is of one model (fingerprint), one
anchor strategy and, for each finding, the very texts of its anchor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from radz import __version__
from radz.calibration.conformal import RECALL, RiskControl, control_recall
from radz.calibration.out_of_distribution import OutOfDistribution, fit_out_of_distribution
from radz.calibration.platt import Platt, fit_calibration, require_validation
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.metrics.fitted_file import read_stored, write_stored
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoresTable, as_matrix, scores_sha256
from radz.types import NORMAL, RESEARCH_USE, Anchors, Exposure

CALIBRATION = "calibration.json"
AGAIN = "Make it again with `radz calibrate`."
UNSEEN = "the model has not seen this finding, and an unseen finding is never calibrated"
T = TypeVar("T")


class StoredCalibration(BaseModel):
    """The content of ``calibration.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    notice: str = RESEARCH_USE
    radz: str = __version__
    fingerprint: str = Field(description="The model's: SHA-256 of its weights, first 16 digits.")
    anchors: str = Field(description="Strategy of the anchors that were scored.")
    corpus: str = Field(description="Corpus of the films.")
    split: str = Field(description="Their split, 'val' and no other.")
    split_hash: str = Field("", description="Hash of the split's studies and labels.")
    scores_sha256: str = Field(description="Hash of the scores that everything was fitted on.")
    studies: int
    patients: int
    texts: dict[str, str] = Field(description="Finding that was scored -> hash of its anchor's texts.")
    platt: dict[str, Platt] = Field(description="Finding -> slope and offset of its probability, and counts.")
    prevalence: dict[str, float] = Field(
        description="Finding -> share of films that show it; probabilities hold there."
    )
    refused: dict[str, str] = Field(description="Finding -> why it has no probability.")
    pooled: Platt = Field(description="One temperature (1 / slope) and offset over all findings; reported, not shown.")
    finding_set: RiskControl | None = Field(description="Lowest score of a finding in a film's set.")
    out_of_distribution: OutOfDistribution | None = Field(
        validation_alias=AliasChoices("out_of_distribution", "familiarity"),
        description="How far an image may lie from the calibration images.",
    )
    agreement: float | None = Field(description="Least agreement of the texts of one finding's anchor, in [0, 1].")
    missing: dict[str, str] = Field({}, description="Part that could not be fitted -> why.")

    def why_no_probability(self, concept: str, texts: tuple[str, ...], mark: Exposure) -> str:
        """Why a finding has none; empty where it has one."""
        if mark is Exposure.UNSEEN:
            return UNSEEN
        if not self.knows(concept, texts):
            return self._why_unknown(concept)
        return self.refused.get(concept, "")

    def knows(self, concept: str, texts: tuple[str, ...]) -> bool:
        """Whether this very finding was scored: the anchor's texts are what they were."""
        return self.texts.get(concept) == texts_sha256(texts)

    def _why_unknown(self, concept: str) -> str:
        if concept in self.texts:
            return "what is said of this finding has changed since calibration"
        return self.refused.get(concept, "the calibration films say nothing of this finding")


def fit_uncertainty(
    table: ScoresTable, looks: Mapping[str, Floats], anchors: Anchors, recall: float = RECALL
) -> StoredCalibration:
    """All of it from scores of a validation split and the films' looks, study id -> (E,).

    Findings that the model has not seen take no part. Raises LeakageError for any split but ``val``, ScoresError where
    no finding is left, MissingExtraError without scikit-learn.
    """
    require_validation(table)
    seen = _seen(table)
    matrix, fitted = as_matrix(seen), fit_calibration(seen)
    missing: dict[str, str] = {}
    films = np.stack([looks[study] for study in matrix.studies])
    texts = dict(zip(anchors.concepts, anchors.texts, strict=True))
    made = table.provenance
    return StoredCalibration(
        fingerprint=made.fingerprint,
        anchors=made.anchors,
        corpus=made.corpus,
        split=made.split,
        split_hash=made.split_hash,
        scores_sha256=scores_sha256(table),
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        texts={concept: texts_sha256(texts[concept]) for concept in matrix.concepts},
        platt=dict(fitted.platt),
        prevalence={concept: round(fit.prevalence, 6) for concept, fit in fitted.platt.items()},
        refused=dict(fitted.refused) | {c: UNSEEN for c in table.concepts if c not in matrix.concepts and c != NORMAL},
        pooled=fitted.pooled,
        finding_set=_or_reason("finding_set", lambda: control_recall(matrix.scores, matrix.labels, recall), missing),
        out_of_distribution=_or_reason(
            "out_of_distribution", lambda: fit_out_of_distribution(films, matrix.patients), missing
        ),
        agreement=_least_agreement(anchors, matrix.concepts),
        missing=missing,
    )


def write_calibration(stored: StoredCalibration, path: Path) -> None:
    """Write the file; it appears whole or not at all."""
    write_stored(stored, path)


def read_calibration(path: Path, fingerprint: str, anchors: str) -> StoredCalibration:
    """The calibration of the model ``fingerprint`` with its ``anchors``.

    Raises CalibrationError for a file that is missing, damaged, another model's or of other anchors, LeakageError for
    one that was not fitted on a validation split.
    """
    stored = read_stored(StoredCalibration, path, "radz calibrate", AGAIN)
    if stored.split != "val":
        raise LeakageError(
            f"{path.name} was fitted on split '{stored.split}'; only split 'val' calibrates, so that nothing is fitted "
            f"on films that a result is reported on. {AGAIN}"
        )
    if stored.fingerprint != fingerprint:
        raise CalibrationError(
            f"{path.name} is of the model {stored.fingerprint}, but this one is {fingerprint}. Its scores mean "
            f"something else. {AGAIN}"
        )
    if stored.anchors != anchors:
        raise CalibrationError(
            f"{path.name} is of the anchors '{stored.anchors}', but '{anchors}' are compared with. {AGAIN}"
        )
    return stored


def texts_sha256(texts: tuple[str, ...]) -> str:
    """Hash of the texts that an anchor was made from, first 16 digits."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _seen(table: ScoresTable) -> ScoresTable:
    """The rows of diseases that the model has seen."""
    marks = table.provenance.exposure
    kept = [c for c in table.concepts if c != NORMAL and marks.get(c) not in (None, Exposure.UNSEEN.value)]
    if not kept:
        raise ScoresError(
            f"Nothing to calibrate: of {', '.join(table.concepts) or 'no finding'} the model has seen none, and an "
            "unseen finding has no probability."
        )
    return replace(table, rows=table.rows[table.rows["concept"].isin(kept)])


def _or_reason(name: str, make: Callable[[], T], missing: dict[str, str]) -> T | None:
    """What ``make`` makes, or nothing and why in ``missing``."""
    try:
        return make()
    except ScoresError as error:
        missing[name] = str(error)
        return None


def _least_agreement(anchors: Anchors, concepts: tuple[str, ...]) -> float | None:
    """Over the findings of ``concepts`` whose anchors are made from several texts; ``None`` where none is."""
    if anchors.agreement is None:
        return None
    rows = zip(anchors.concepts, anchors.texts, anchors.agreement.tolist(), strict=True)
    several = [value for concept, texts, value in rows if concept in concepts and len(texts) > 1]
    return min(several, default=None)

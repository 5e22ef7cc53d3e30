"""Thresholds of findings, chosen on validation scores only, in a file that names the model they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from radz import __version__
from radz.errors import CalibrationError, LeakageError
from radz.metrics.fitted_file import read_stored, write_stored
from radz.metrics.operating_points import Rule, best_threshold
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, scores_sha256
from radz.types import NORMAL, RESEARCH_USE

MIN_PER_CLASS = 10
"""A finding with fewer positive or negative validation studies has no threshold."""
AGAIN = "Run `radz thresholds` on validation scores again."


class Thresholds(BaseModel):
    """Thresholds of one model with its anchors and prompts. Any split other than ``val`` raises LeakageError."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    notice: str = RESEARCH_USE
    radz: str = __version__
    model: str = Field(description="Name of the model that was scored.")
    fingerprint: str = Field(description="Its weights' fingerprint; empty for a reference without a checkpoint.")
    anchors: str = Field(description="Strategy of the anchors that were scored.")
    prompts: str = Field("", description="Prompt set that was scored, if one was named.")
    corpus: str = Field(description="Corpus of the studies.")
    split: str = Field(description="Their split, 'val' and no other.")
    split_hash: str = Field("", description="Hash of the split's studies.")
    scores_sha256: str = Field(description="Hash of the scores they were chosen on.")
    studies: int
    patients: int
    rule: Rule = Field(description="What the threshold maximises: f1, mcc, or youden (sensitivity + specificity).")
    values: dict[str, float] = Field(description="Finding -> threshold; a score at or above it is positive.")
    refused: dict[str, str] = Field({}, description="Finding -> why it has none.")

    @model_validator(mode="after")
    def _only_validation(self) -> Self:
        """Raise LeakageError for any split other than ``val``."""
        if self.split != "val":
            raise LeakageError(
                f"Thresholds cannot be chosen on split '{self.split}' of '{self.model}', only on split 'val': a result "
                "must not be tuned on the studies it is reported on. Score the validation split."
            )
        return self

    @property
    def summary(self) -> str:
        """Where the thresholds come from, as a phrase."""
        return (
            f"greatest {self.rule} on split '{self.split}' of {self.corpus}, "
            f"{self.studies} studies of {self.patients} patients"
        )

    def matches(self, scores: ScoresProvenance) -> bool:
        """Whether the scores come from the same model, anchors and prompts."""
        chosen_on = (self.model, self.fingerprint, self.anchors, self.prompts)
        return chosen_on == (scores.model, scores.fingerprint, scores.anchors, scores.prompts)

    def require_fit(self, scores: ScoresProvenance) -> None:
        """Raise CalibrationError for scores of another model, LeakageError for scores of the split that chose them."""
        if not self.matches(scores):
            raise CalibrationError(
                f"These thresholds belong to {_named(self)}, but the scores to {_named(scores)}. Scores of another "
                f"model, other anchors or other prompts have another scale. {AGAIN}"
            )
        if scores.split == self.split and scores.corpus == self.corpus:
            raise LeakageError(
                f"These thresholds were chosen on split '{self.split}' of {self.corpus}, the split to be evaluated, so "
                "the result would be tuned on its own studies. Evaluate another split, or leave --thresholds out."
            )


def fit_thresholds(table: ScoresTable, rule: Rule = "f1", min_per_class: int = MIN_PER_CLASS) -> Thresholds:
    """Choose thresholds on scores of a validation split; uncertain labels are left out.

    Raises LeakageError for any other split, UnknownNameError for an unknown rule.
    """
    provenance, matrix = table.provenance, as_matrix(table)
    values: dict[str, float] = {}
    refused: dict[str, str] = {}
    for j, concept in enumerate(matrix.concepts):
        scored = ~np.isnan(matrix.scores[:, j])
        positives, negatives = (int((scored & (matrix.labels[:, j] == label)).sum()) for label in (1, 0))
        if concept != NORMAL and min(positives, negatives) >= max(min_per_class, 1):
            values[concept] = best_threshold(matrix.scores[:, j], matrix.labels[:, j], rule)
        elif concept != NORMAL:
            refused[concept] = (
                f"{positives} positive and {negatives} negative validation studies, {min_per_class} of each are needed"
            )
    return Thresholds(
        model=provenance.model,
        fingerprint=provenance.fingerprint,
        anchors=provenance.anchors,
        prompts=provenance.prompts,
        corpus=provenance.corpus,
        split=provenance.split,
        split_hash=provenance.split_hash,
        scores_sha256=scores_sha256(table),
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        rule=rule,
        values=values,
        refused=refused,
    )


def write_thresholds(thresholds: Thresholds, path: Path) -> None:
    """Write the file atomically."""
    write_stored(thresholds, path)


def read_thresholds(path: Path) -> Thresholds:
    """Read thresholds.

    Raises CalibrationError for a missing or damaged file, LeakageError for thresholds of a split other than ``val``.
    """
    return read_stored(Thresholds, path, "radz thresholds", AGAIN)


def _named(origin: Thresholds | ScoresProvenance) -> str:
    """Model, anchors and prompts as a phrase."""
    anchors = f" with the anchors '{origin.anchors}'" if origin.anchors else ""
    prompts = f" and the prompts '{origin.prompts}'" if origin.prompts else ""
    return f"{origin.model} {origin.fingerprint[:8]}".strip() + anchors + prompts

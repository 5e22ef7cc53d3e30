"""Thresholds of findings, chosen on validation scores and on nothing else, in a file that names what they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from radz import __version__
from radz.errors import CalibrationError, LeakageError
from radz.metrics.fitted_file import read_stored, write_stored
from radz.metrics.operating_points import Rule, best_threshold
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, as_matrix, scores_sha256
from radz.types import NORMAL, RESEARCH_USE

MIN_PER_CLASS = 10
"""Fewer positive or negative validation studies, and a finding has no threshold."""
AGAIN = "Make it again with `radz thresholds` from validation scores."


class Thresholds(BaseModel):
    """Thresholds of one model, its anchors and prompts. It cannot be made from any split but ``val``: LeakageError."""

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
    scores_sha256: str = Field(description="Hash of the scores that they were chosen on.")
    studies: int
    patients: int
    rule: Rule = Field(description="What is greatest at the threshold: f1, mcc, or youden (sensitivity + specificity).")
    values: dict[str, float] = Field(description="Finding -> threshold; a score from it on is positive.")
    refused: dict[str, str] = Field({}, description="Finding -> why it has none.")

    @model_validator(mode="after")
    def _only_validation(self) -> Self:
        if self.split != "val":
            raise LeakageError(
                f"Thresholds cannot be made from split '{self.split}' of '{self.model}': only split 'val' chooses "
                "them, so that no result is tuned on the studies it is reported on. Score the validation split."
            )
        return self

    def is_of(self, made: ScoresProvenance) -> bool:
        """Whether scores of this provenance are those of the same model, anchors and prompts."""
        mine = (self.model, self.fingerprint, self.anchors, self.prompts)
        return mine == (made.model, made.fingerprint, made.anchors, made.prompts)

    def require_fit(self, made: ScoresProvenance) -> None:
        """Raise CalibrationError for scores of another model, LeakageError for those of the split that chose them."""
        if not self.is_of(made):
            raise CalibrationError(
                f"These thresholds are of {_named(self)}, the scores of {_named(made)}. Scores of another model, other "
                f"anchors or prompts mean something else. {AGAIN}"
            )
        if made.split == self.split and made.corpus == self.corpus:
            raise LeakageError(
                f"These thresholds were chosen on split '{self.split}' of {self.corpus}, the one to be evaluated: they "
                "would be judged on the studies that chose them. Evaluate another split, or leave --thresholds out."
            )


def fit_thresholds(table: ScoresTable, rule: Rule = "f1", min_per_class: int = MIN_PER_CLASS) -> Thresholds:
    """Thresholds from scores of a validation split; uncertain labels take no part.

    Raises LeakageError for any split but ``val``, UnknownNameError for another rule.
    """
    made, matrix = table.provenance, as_matrix(table)
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
        model=made.model,
        fingerprint=made.fingerprint,
        anchors=made.anchors,
        prompts=made.prompts,
        corpus=made.corpus,
        split=made.split,
        split_hash=made.split_hash,
        scores_sha256=scores_sha256(table),
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        rule=rule,
        values=values,
        refused=refused,
    )


def write_thresholds(thresholds: Thresholds, path: Path) -> None:
    """Write the file; it appears whole or not at all."""
    write_stored(thresholds, path)


def read_thresholds(path: Path) -> Thresholds:
    """The thresholds in a file.

    Raises CalibrationError for a file that is missing or damaged, LeakageError for one of another split than ``val``.
    """
    return read_stored(Thresholds, path, "radz thresholds", AGAIN)


def _named(made: Thresholds | ScoresProvenance) -> str:
    anchors = f" with the anchors '{made.anchors}'" if made.anchors else ""
    prompts = f" and the prompts '{made.prompts}'" if made.prompts else ""
    return f"{made.model} {made.fingerprint[:8]}".strip() + anchors + prompts

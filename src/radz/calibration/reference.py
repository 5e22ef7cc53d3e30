"""``reference.json``: how a model scores ordinary images, so that a score can be called high or low.

For each finding and view it holds quantiles of the scores of reference images. They need no labels, so findings that
the model has never seen have them too. They hold for one model (fingerprint), one anchor strategy and the exact texts
of each anchor. No value of a single image is stored but the lowest and the highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from radz import __version__
from radz.calibration.calibration_file import AGAIN, CALIBRATION, texts_sha256
from radz.errors import CalibrationError, LeakageError, ScoresError
from radz.metrics.fitted_file import read_stored, write_stored
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoresProvenance
from radz.types import RESEARCH_USE, Anchors

REFERENCE = "reference.json"
SPLITS = ("train", "val")
ANY_VIEW = "any"
QUANTILES = 101
MIN_IMAGES = 50
"""Images that a view needs for quantiles of its own."""


class ReferenceStatistics(BaseModel):
    """The content of ``reference.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    notice: str = RESEARCH_USE
    radz: str = __version__
    fingerprint: str = Field(description="Of the model: SHA-256 of its weights, first 16 digits.")
    anchors: str = Field(description="Strategy of the anchors that were scored.")
    corpus: str = Field(description="Corpus of the reference images.")
    split: str = Field(description="Their split, 'train' or 'val'.")
    split_hash: str = Field("", description="Hash of the split's studies and labels.")
    images: dict[str, int] = Field(description="View -> number of reference images; 'any' is all of them.")
    patients: int
    texts: dict[str, str] = Field(description="Finding -> hash of the texts of its anchor.")
    quantiles: dict[str, dict[str, str]] = Field(
        description="Finding -> view -> scores at evenly spaced shares from 0 to 1, rising, with spaces between them."
    )

    @field_validator("quantiles")
    @classmethod
    def _rise(cls, quantiles: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for concept, by_view in quantiles.items():
            for view, text in by_view.items():
                values = np.array(text.split(), dtype=np.float64)
                if len(values) < 2 or not np.isfinite(values).all() or (np.diff(values) < 0).any():
                    raise ValueError(f"the quantiles of {concept}, view {view}, are not at least two rising numbers")
        return quantiles

    def percentile(self, concept: str, view: str, scores: Floats) -> Floats:
        """Share of reference images of ``view`` that score lower, (N,) in [0, 1], for scores (N,).

        An unknown view, "", is compared with all reference images.
        """
        values = np.array(self.quantiles[concept][view or ANY_VIEW].split(), dtype=np.float64)
        shares: Floats = np.interp(scores, values, np.linspace(0, 1, len(values)))
        return shares

    def why_no_percentile(self, concept: str, texts: tuple[str, ...], view: str) -> str:
        """Why a finding has no percentile in an image of ``view``; empty where it has one."""
        if concept not in self.texts:
            return "no reference images were scored for this finding"
        if self.texts[concept] != texts_sha256(texts):
            return "the texts of this finding have changed since the reference images were scored"
        if (view or ANY_VIEW) not in self.quantiles[concept]:
            return f"there are too few reference images of view {view}"
        return ""


def fit_reference(
    scores: Floats, views: Sequence[str], patients: Sequence[str], anchors: Anchors, provenance: ScoresProvenance
) -> ReferenceStatistics:
    """Quantiles of scores (N, C), columns as in ``anchors``, of N reference images with their views and patients.

    Raises LeakageError for images of another split than ``train`` or ``val``, ScoresError for too few images.
    """
    if provenance.split not in SPLITS:
        raise LeakageError(
            f"Images of split '{provenance.split}' cannot be reference images, only those of {' or '.join(SPLITS)}: "
            "nothing may be fitted on images that a result is reported on."
        )
    if len(scores) < MIN_IMAGES:
        raise ScoresError(f"{len(scores)} reference images are too few: at least {MIN_IMAGES} are needed.")
    view_of = np.asarray(views, dtype=str)
    every = np.ones(len(view_of), dtype=bool)
    rows = {ANY_VIEW: every, **{str(view): view_of == view for view in np.unique(view_of) if view}}
    rows = {view: chosen for view, chosen in rows.items() if chosen.sum() >= MIN_IMAGES}
    columns = list(zip(anchors.concepts, anchors.texts, np.asarray(scores, dtype=np.float64).T, strict=True))
    return ReferenceStatistics(
        fingerprint=provenance.fingerprint,
        anchors=anchors.strategy,
        corpus=provenance.corpus,
        split=provenance.split,
        split_hash=provenance.split_hash,
        images={view: int(chosen.sum()) for view, chosen in rows.items()},
        patients=len(set(patients)),
        texts={concept: texts_sha256(texts) for concept, texts, _ in columns},
        quantiles={
            concept: {view: _quantiles(column[chosen]) for view, chosen in rows.items()}
            for concept, _, column in columns
        },
    )


def reference_path(calibration: Path) -> Path:
    """The file of reference statistics that belongs to a file of calibration: ``reference.json`` beside
    ``calibration.json``, ``mine.reference.json`` beside ``mine.json``."""
    return calibration.with_name(REFERENCE if calibration.name == CALIBRATION else f"{calibration.stem}.{REFERENCE}")


def write_reference(stored: ReferenceStatistics, path: Path) -> None:
    """Write the file atomically."""
    write_stored(stored, path)


def read_reference(path: Path, fingerprint: str, anchors: str) -> ReferenceStatistics:
    """Read the reference statistics of the model ``fingerprint`` with its ``anchors``.

    Raises CalibrationError for a file that is missing, damaged, or of another model or other anchors, LeakageError for
    one of a test split.
    """
    stored = read_stored(ReferenceStatistics, path, "radz calibrate", AGAIN)
    if stored.split not in SPLITS:
        raise LeakageError(
            f"{path.name} was fitted on split '{stored.split}', but reference images may only be of "
            f"{' or '.join(SPLITS)}. {AGAIN}"
        )
    if (stored.fingerprint, stored.anchors) != (fingerprint, anchors):
        raise CalibrationError(
            f"{path.name} belongs to the model {stored.fingerprint} with the anchors '{stored.anchors}', but this one "
            f"is {fingerprint} with '{anchors}'. {AGAIN}"
        )
    return stored


def _quantiles(scores: NDArray[np.float64]) -> str:
    """Quantiles of scores (N,), each with four significant digits."""
    values = np.quantile(scores, np.linspace(0, 1, QUANTILES))
    return " ".join(f"{value:.4g}" for value in values)

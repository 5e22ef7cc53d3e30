"""Validation images in; probabilities, finding sets and abstention out, fitted to one model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radz.calibration.calibration_file import CALIBRATION, StoredCalibration, fit_calibration, write_calibration
from radz.calibration.reference import ReferenceStatistics, fit_reference, reference_path, write_reference
from radz.errors import LeakageError, ScoresError
from radz.eval.scoring import Scored, score
from radz.experiments.inputs import Options, PathLike, load_model, open_images
from radz.experiments.models import entry_of
from radz.experiments.progress import Bar, silent
from radz.metrics.scores_file import ScoresTable
from radz.serve.predictor import Predictor, shipped_checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True)
class CalibrationResult:
    """A fitted calibration. table: the validation scores that it was fitted on. path: the file, if it was written.

    reference: how the model scores the same images; ``no_reference`` is the reason where there is none.
    """

    calibration: StoredCalibration
    table: ScoresTable
    path: Path | None = None
    reference: ReferenceStatistics | None = None
    no_reference: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One line per finding: whether it has a probability, and why not. Needs pandas."""
        import pandas as pd

        fitted = [{"finding": concept, "probability": True, "reason": ""} for concept in self.calibration.platt]
        refused = [
            {"finding": concept, "probability": False, "reason": reason}
            for concept, reason in self.calibration.refused.items()
        ]
        return pd.DataFrame([*fitted, *refused], columns=["finding", "probability", "reason"])

    def to_json(self, indent: int | None = 2) -> str:
        """The calibration as JSON, as the file holds it."""
        return self.calibration.model_dump_json(indent=indent)

    def __repr__(self) -> str:
        stored = self.calibration
        return (
            f"<CalibrationResult: probabilities for {len(stored.platt)} findings, none for {len(stored.refused)}; "
            f"{stored.studies} studies of {stored.patients} patients>"
        )


def calibrate(
    model: PathLike | Predictor | None = None,
    *,
    corpus: Any = None,
    root: PathLike | None = None,
    split: str = "val",
    options: Options = (),
    fold: str | None = None,
    source: str | None = None,
    findings_files: Sequence[PathLike] = (),
    recall: float = 0.9,
    out: PathLike | None = None,
    write: bool = False,
    batch_size: int = 16,
    progress: Bar = silent,
) -> CalibrationResult:
    """Fit probabilities, finding sets, abstention and reference statistics on validation images, as `radz calibrate`.

    recall: expected share of an image's findings in its set. out: file to write; with ``write`` and no ``out``,
    calibration.json in the checkpoint. Reference statistics, of every finding that can be scored, go to the file beside
    it (``radz.calibration.reference.reference_path``). The others are as in ``evaluate``.

    Raises LeakageError for another split than ``val``, and for images that the model was trained on.
    """
    if split != "val":
        raise LeakageError(
            f"`radz calibrate` takes split 'val', got '{split}': what is fitted on images of another split would be "
            "fitted on what the model learned from, or on what its results are reported on."
        )
    images = open_images(corpus, root, split, options, fold)
    predictor = load_model(model, source=source, findings_files=findings_files)
    anchors = predictor.anchors(images.diseases)
    entry = entry_of(predictor, anchors)
    with progress("Scoring", len(images.corpus)) as advance:
        scored = score([entry], images, batch_size=batch_size, keep_features=True, progress=advance)
    features = scored.features[entry.name]
    assert features.appearance is not None
    appearances = dict(zip(features.study_ids, features.appearance.astype("float64"), strict=True))
    stored = fit_calibration(scored.tables[entry.name], appearances, anchors, recall)
    path = None if out is None else Path(out)
    if write and path is None:
        path = (shipped_checkpoint() if model is None or isinstance(model, Predictor) else Path(model)) / CALIBRATION
    reference, no_reference = _reference(predictor, scored, entry.name)
    if path is not None:
        write_calibration(stored, path)
        if reference is not None:
            write_reference(reference, reference_path(path))
    return CalibrationResult(stored, scored.tables[entry.name], path, reference, no_reference)


def _reference(predictor: Predictor, scored: Scored, name: str) -> tuple[ReferenceStatistics | None, str]:
    """How the model scores the images for every finding that it has anchors for, or why that is not known."""
    table, features = scored.tables[name], scored.features[name]
    studies = table.rows.drop_duplicates("study").set_index("study").loc[list(features.study_ids)]
    anchors = predictor.anchors(predictor.all_findings)
    scores = predictor.model.similarity(features, anchors).values.astype("float64")
    try:
        return fit_reference(scores, list(studies["view"]), list(studies["patient"]), anchors, table.provenance), ""
    except ScoresError as error:
        return None, str(error)

"""How frequent findings are elsewhere than in the evaluated studies: the order of the constant list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from radz.calibration.calibration_file import StoredCalibration
from radz.data.target import Target
from radz.errors import RadzError
from radz.provenance import Provenance
from radz.types import Presence

NO_LABELS = "neither the model's training nor its calibration has labels of these findings"


def usual_frequency(
    concepts: Collection[str], provenance: Provenance, stored: StoredCalibration | None, target: Target
) -> tuple[dict[str, float], str]:
    """Finding -> frequency, and whose it is: the training labels, else the calibration images, else split ``train``.

    Empty, with the reason, where none of them has labels of any of ``concepts``. Only the order of the values is used.
    """
    if trained := _of(concepts, provenance.supervised):
        return trained, "labels that the model was trained on"
    if calibrated := _of(concepts, stored.prevalence if stored else {}):
        return calibrated, "calibration images; findings without a probability are last"
    if target.split == "train":
        return {}, f"{NO_LABELS}, and split 'train' is the evaluated one"
    try:
        studies = target.open("train").records
    except RadzError as error:
        return {}, f"{NO_LABELS}, and split 'train' cannot be opened: {error}"
    present = Counter(c for study in studies for c, p in study.labels.items() if p is Presence.PRESENT)
    return _of(concepts, present), "split 'train' of the evaluated corpus"


def _of(concepts: Collection[str], values: Mapping[str, float]) -> dict[str, float]:
    return {concept: float(values[concept]) for concept in concepts if concept in values}

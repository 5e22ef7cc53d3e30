"""RSNA Pneumonia Detection Challenge (26,684 labelled images of the second stage) in its official layout.

    stage_2_train_images/<patientId>.dcm   stage_2_train_labels.csv   stage_2_detailed_class_info.csv
    and, from RSNA, pneumonia-challenge-dataset-mappings_2018.json: which image of ChestX-ray14 each one is

Radiologists boxed opacities suspicious for pneumonia. Images were taken from ChestX-ray14. The challenge's patient ids
are one per image: only the mapping tells which images are of one patient. Terms: Kaggle's competition rules,
non-commercial. Shih et al., Radiology: Artificial Intelligence 1(1), 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pandas as pd

from radz.data.aliases import read_aliases
from radz.data.corpora._boxes import Box, by_study, numbers
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import headers_of, shortcuts
from radz.data.corpora._fakes import one_patient_a_split, write_dicom, write_lines
from radz.data.corpora._images import Missing, find_table, present_images
from radz.data.ontology import to_concepts
from radz.data.splits import rows_text, split_by_hash
from radz.data.tables import ROW, read_table, require_columns
from radz.errors import CorpusError
from radz.types import NORMAL, Presence, Study

LABELS, CLASSES = "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv"
MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"
IMAGES = "stage_2_train_images"
OPACITY, NORMAL_CLASS, ABNORMAL = "Lung Opacity", "Normal", "No Lung Opacity / Not Normal"
_COLUMNS = {"image": "patientId", "left": "x", "top": "y", "width": "width", "height": "height", "label": "Target"}
_TARGETS = {"1": Presence.PRESENT, "0": Presence.ABSENT}
_SALT = "rsna"


class Rsna(Corpus):
    """Pneumonia and lung opacity and, where the classes are there, "no finding"; study ids are the challenge's."""

    name: ClassVar[str] = "rsna"
    about: ClassVar[About] = About(
        title="RSNA Pneumonia: 26,684 radiographs of ChestX-ray14, boxes around opacities suspicious for pneumonia",
        obtain="https://www.kaggle.com/c/rsna-pneumonia-detection-challenge (stage_2_train_images, stage_2_*.csv)",
        terms="rules of the Kaggle competition: registration, non-commercial research and education",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        val_fraction: float = 0.1,
        test_fraction: float = 0.2,
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``.

        val_fraction, test_fraction: shares of the patients of the labelled images, drawn by a hash, because the labels
        of the official test images are not public. missing: images that are listed and missing,
        ``error | skip | later``; with ``later`` no header is read, and view, sex and age are unknown.

        With RSNA's mapping in ``root`` patients are those of ChestX-ray14, and ``nih_image`` in the metadata names the
        image there. Raises CorpusError for a missing table, column or image and for contradicting rows.
        """
        self.root = Path(root)
        self.policies = {"missing": missing, "split": f"by hash: {test_fraction} test, {val_fraction} val"}
        path = find_table(self.root, (LABELS,), self.about)
        classes = find_table(self.root, (CLASSES,), self.about, needed=False)
        assert path is not None
        self._table = _read_boxes(path)
        targets = dict(zip(self._table["patientId"], self._table["Target"], strict=True))
        kinds = {} if classes is None else _read_classes(classes, targets)
        folder = path.parent / IMAGES
        listed = [
            Study(name, name, folder / f"{name}.dcm", None, _labels(targets[name], kinds.get(name))) for name in targets
        ]
        images = present_images(listed, missing, self.root, self.about)
        mapping = self.root / MAPPING
        nih = read_aliases(mapping) if mapping.is_file() else {}
        self.policies["patients"] = "of ChestX-ray14" if nih else "each film its own"
        studies = [
            _described(image, shortcuts(header), nih.get(image.study_id), (val_fraction, test_fraction))
            for image, header in zip(images, headers_of(images, missing), strict=True)
        ]
        super().__init__(studies, ("pneumonia", "lung_opacity", *((NORMAL,) if kinds else ())), split)

    @cached_property
    def boxes(self) -> Mapping[str, tuple[Box, ...]]:
        """Study id -> boxes of the records of this split that have any, in pixels of the 1024 x 1024 image."""
        ids = {study.study_id for study in self.records}
        seen = self._table[(self._table["Target"] == "1") & self._table["patientId"].isin(ids)]
        cells = seen[["patientId", "x", "y", "width", "height"]].itertuples(index=False)
        return by_study((str(row[0]), Box("pneumonia", *numbers(row[1:]))) for row in cells)

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three patients, one of each class; the first has two boxes."""
        patients = one_patient_a_split(_SALT)
        boxes = [["264.0,152.0,213.0,379.0,1", "562.0,152.0,256.0,453.0,1"], [",,,,0"], [",,,,0"]]
        kinds = [OPACITY, ABNORMAL, NORMAL_CLASS]
        rows = [(patient, cells) for patient, drawn in zip(patients.values(), boxes, strict=True) for cells in drawn]
        kind_of = dict(zip(patients.values(), kinds, strict=True))
        write_lines(
            tmp_path / LABELS, ["patientId,x,y,width,height,Target", *(f"{patient},{cells}" for patient, cells in rows)]
        )
        write_lines(tmp_path / CLASSES, ["patientId,class", *(f"{patient},{kind_of[patient]}" for patient, _ in rows)])
        for seed, patient in enumerate(patients.values()):
            image = tmp_path / IMAGES / f"{patient}.dcm"
            write_dicom(image, seed, PatientID=patient, ViewPosition="AP", PatientSex="M", PatientAge="046Y")
        return tmp_path


def _read_boxes(path: Path) -> pd.DataFrame:
    """One row per box, or one row without a box. Raises CorpusError for a missing column or a wrong Target."""
    table = read_table(path)
    require_columns(table, _COLUMNS, path.name)
    strange = table[ROW][~table["Target"].isin(list(_TARGETS))].tolist()
    if strange:
        raise CorpusError(f"{path.name}: Target is neither 0 nor 1 in {rows_text(strange)}.")
    unsteady = table[ROW][table.groupby("patientId")["Target"].transform("nunique") > 1].tolist()
    if unsteady:
        raise CorpusError(f"{path.name}: an image's Target is both 0 and 1 ({rows_text(unsteady)}).")
    return table


def _read_classes(path: Path, targets: Mapping[str, str]) -> dict[str, str]:
    """Image -> its class. Raises CorpusError if a class is strange or does not fit the Target of its image."""
    table = read_table(path)
    require_columns(table, {"image": "patientId", "class": "class"}, path.name)
    allowed = {"1": (OPACITY,), "0": (NORMAL_CLASS, ABNORMAL)}
    cells = zip(table["patientId"], table["class"], table[ROW], strict=True)
    wrong = [row for name, kind, row in cells if name in targets and kind not in allowed[targets[name]]]
    if wrong:
        raise CorpusError(
            f"{path.name}: the class does not fit the image's Target in {LABELS} ({rows_text(wrong)}). Classes are "
            f"'{OPACITY}' for 1, '{NORMAL_CLASS}' or '{ABNORMAL}' for 0. Take both tables from one stage."
        )
    return dict(zip(table["patientId"], table["class"], strict=True))


def _labels(target: str, kind: str | None) -> dict[str, Presence]:
    """Labels of Target and class. An image without a box may have other opacities: lung opacity is left open there."""
    labels = {"Pneumonia": _TARGETS[target], "Lung Opacity": _TARGETS[target]}
    if kind is not None:
        labels["Normal"] = Presence.PRESENT if kind == NORMAL_CLASS else Presence.ABSENT
    return to_concepts("rsna", labels)


def _described(image: Study, metadata: dict[str, str], nih: str | None, shares: tuple[float, float]) -> Study:
    """The image with its patient, split and metadata; ChestX-ray14's file names begin with its patient's number."""
    patient = image.study_id if nih is None else str(int(nih.partition("_")[0]))
    more = {} if nih is None else {"nih_image": nih}
    return replace(image, patient_id=patient, metadata=metadata | more, split=split_by_hash(patient, _SALT, *shares))


plugin = Rsna

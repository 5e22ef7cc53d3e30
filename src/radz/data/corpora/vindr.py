"""VinDr-CXR (18,000 images from two hospitals in Hanoi) in its official layouts.

    train/*.dicom  test/*.dicom
    annotations/image_labels_train.csv  annotations/image_labels_test.csv   28 labels an image
    annotations/annotations_train.csv   annotations/annotations_test.csv    boxes
    or, from the Kaggle challenge, train.csv with train/*.dicom: boxes of 14 local labels, images and readers renamed

Three radiologists read each training image, and five agreed on each test image. Patients were not published: each image
counts as one patient. Terms: PhysioNet's credentialed data use agreement. Nguyen et al., Scientific Data
9:429, 2022.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from radz.data.corpora._boxes import Box, by_study, numbers
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import headers_of, shortcuts
from radz.data.corpora._fakes import one_patient_a_split, write_dicom, write_lines
from radz.data.corpora._images import Missing, find_table, present_images
from radz.data.ontology import concepts_of, labels_of, to_concepts
from radz.data.splits import rows_text, split_by_hash
from radz.data.tables import ROW, column_of, read_table, require_columns
from radz.errors import CorpusError, UnknownNameError
from radz.types import NORMAL, Presence, Study

Readers = Literal["majority", "any", "agreement"]
"""Presence of a label on which the readers of a training image disagree. ``majority``: what more than half of them say.
``any``: present if one says so. ``agreement``: uncertain."""
PARTS = ("train", "test")
NOTHING = "No finding"
LABELS = (
    *("Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Clavicle fracture", "Consolidation"),
    *("Edema", "Emphysema", "Enlarged PA", "ILD", "Infiltration", "Lung Opacity", "Lung cavity", "Lung cyst"),
    *("Mediastinal shift", "Nodule/Mass", "Pleural effusion", "Pleural thickening", "Pneumothorax"),
    *("Pulmonary fibrosis", "Rib fracture", "Other lesion", "COPD", "Lung tumor", "Pneumonia", "Tuberculosis"),
    *("Other diseases", NOTHING),
)
"""As the training table has them; that of test has "Other disease"."""
KAGGLE = "train.csv"
KAGGLE_LABELS = (
    *("Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "ILD", "Infiltration"),
    *("Lung Opacity", "Nodule/Mass", "Other lesion", "Pleural effusion", "Pleural thickening", "Pneumothorax"),
    *("Pulmonary fibrosis", NOTHING),
)
_CORNERS = ("x_min", "y_min", "x_max", "y_max")
_SALT = "vindr"


class VinDr(Corpus):
    """28 labels as concepts; study ids are the official image ids."""

    name: ClassVar[str] = "vindr"
    about: ClassVar[About] = About(
        title="VinDr-CXR: 18,000 chest radiographs with 28 labels and boxes; three readers in train, consensus in test",
        obtain="https://physionet.org/content/vindr-cxr/1.0.0 (train, test, annotations)",
        terms="PhysioNet credentialed health data licence: training course, signed agreement, no redistribution",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        val_fraction: float = 0.1,
        readers: Readers = "majority",
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``.

        val_fraction: share of the official training images that become ``val``, drawn by a hash of the image id.
        readers: presence of a label on which readers disagree, ``majority | any | agreement``. missing: images that are
        listed and missing, ``error | skip | later``; with ``later`` no header is read, and sex and age are unknown.

        Raises CorpusError for a missing table, column or image and for a cell that is neither 0 nor 1, UnknownNameError
        for a label that VinDr-CXR does not have.
        """
        self.root = Path(root)
        self.policies = {"readers": readers, "missing": missing, "split": f"official, {val_fraction} of train by hash"}
        readings = _all_readings(self.root, self.about)
        listed = [study for part, read in readings.items() for study in _studies(part, read, readers, val_fraction)]
        images = present_images(listed, missing, self.root, self.about)
        headers = headers_of(images, missing)
        studies = [
            replace(image, metadata={**image.metadata, **shortcuts(header)})
            for image, header in zip(images, headers, strict=True)
        ]
        super().__init__(studies, _findings(readings.values()), split)

    @cached_property
    def boxes(self) -> Mapping[str, tuple[Box, ...]]:
        """Study id -> boxes of this split, each with its reader (test has none), in pixels of the published image."""
        ids = {study.study_id for study in self.records}
        return by_study(
            box
            for part in PARTS
            if (path := find_table(self.root, _box_tables(part), self.about, needed=False))
            for box in _boxes(read_table(path), path.name, ids)
        )

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images in the PhysioNet layout, two of train; of the first, readers disagree on one label."""
        train, val = one_patient_a_split(_SALT, test_fraction=0).values()
        marks = [["Cardiomegaly", "Rib fracture"], ["Cardiomegaly"], ["Cardiomegaly", "Nodule/Mass"]]
        rows = [(train, f"R{n}", labels) for n, labels in enumerate(marks)] + [
            (val, f"R{n}", [NOTHING]) for n in range(3)
        ]
        _write_labels(tmp_path / "annotations" / "image_labels_train.csv", rows, LABELS)
        tested = [*LABELS[:-2], "Other disease", NOTHING]
        _write_labels(tmp_path / "annotations" / "image_labels_test.csv", [("image-9", "", ["Other disease"])], tested)
        boxes = [f"{train},R0,Cardiomegaly,691.0,1375.0,1653.0,1831.0", f"{val},R0,{NOTHING},,,,"]
        write_lines(
            tmp_path / "annotations" / "annotations_train.csv",
            ["image_id,rad_id,class_name," + ",".join(_CORNERS), *boxes],
        )
        for seed, image in enumerate((f"train/{train}", f"train/{val}", "test/image-9")):
            write_dicom(tmp_path / f"{image}.dicom", seed, PatientSex="F", PatientAge="063Y")
        return tmp_path


@dataclass(frozen=True, slots=True)
class _Readings:
    """The labels of each image of one part by each of its readers, and where the images are."""

    images: Path
    labels: tuple[str, ...]
    of: Mapping[str, list[frozenset[str]]]


def _all_readings(root: Path, about: About) -> dict[str, _Readings]:
    """Part -> readings. Raises CorpusError if there is no table of either layout."""
    paths = {part: find_table(root, (f"annotations/image_labels_{part}.csv",), about, needed=False) for part in PARTS}
    wide = {part: _wide(path, part) for part, path in paths.items() if path is not None}
    if wide:
        return wide
    path = find_table(root, ("annotations/image_labels_train.csv", KAGGLE), about)
    assert path is not None
    return {"train": _long(path)}


def _wide(path: Path, part: str) -> _Readings:
    """One row per reader and image, one column per label."""
    table = read_table(path)
    require_columns(table, {"image": "image_id"}, path.name)
    labels = [column for column in table.columns if column not in ("image_id", "rad_id", ROW)]
    if strange := sorted(set(labels) - set(labels_of("vindr"))):
        raise UnknownNameError(f"label in {path.name}", strange[0], labels_of("vindr"))
    marks = table[labels].replace({"1.0": "1", "0.0": "0"})
    if rows := table[ROW][~marks.isin(["0", "1"]).all(axis=1)].tolist():
        raise CorpusError(f"{path.name}: a label is neither 0 nor 1 in {rows_text(rows)}.")
    of: dict[str, list[frozenset[str]]] = {}
    for name, row in zip(table["image_id"], (marks == "1").to_numpy(), strict=True):
        of.setdefault(name, []).append(frozenset(itertools.compress(labels, row)))
    return _Readings(path.parent.parent / part, tuple(labels), of)


def _long(path: Path) -> _Readings:
    """One row per box, or one for a reader who found nothing, as Kaggle has it."""
    table = read_table(path)
    require_columns(table, {"image": "image_id", "reader": "rad_id", "label": "class_name"}, path.name)
    if strange := sorted(set(table["class_name"]) - set(KAGGLE_LABELS)):
        raise UnknownNameError(f"class_name in {path.name}", strange[0], KAGGLE_LABELS)
    seen: dict[tuple[str, str], set[str]] = {}
    for name, reader, label in zip(table["image_id"], table["rad_id"], table["class_name"], strict=True):
        seen.setdefault((name, reader), set()).add(label)
    of: dict[str, list[frozenset[str]]] = {}
    for (name, _), labels in seen.items():
        of.setdefault(name, []).append(frozenset(labels))
    return _Readings(path.parent / "train", KAGGLE_LABELS, of)


def _studies(part: str, read: _Readings, readers: Readers, val_fraction: float) -> Iterator[Study]:
    """Images with the labels that their readers decided, in the order of the table."""
    for name, opinions in read.of.items():
        votes = Counter(label for opinion in opinions for label in opinion)
        labels = _decided(tuple(votes[label] for label in read.labels), len(opinions), read.labels, readers)
        split = "test" if part == "test" else split_by_hash(name, _SALT, val_fraction, 0)
        yield Study(name, name, read.images / f"{name}.dicom", None, labels, {"view": "PA"}, split)


@cache
def _decided(votes: tuple[int, ...], count: int, labels: tuple[str, ...], readers: Readers) -> Mapping[str, Presence]:
    """Labels of an image, as concepts, by how many of its ``count`` readers saw each; equal votes share a mapping."""
    presences = {label: _presence(n, count, readers) for label, n in zip(labels, votes, strict=True)}
    concepts = to_concepts("vindr", presences)
    if any(presence is Presence.PRESENT for concept, presence in concepts.items() if concept != NORMAL):
        concepts[NORMAL] = Presence.ABSENT  # where one reader saw nothing and another something
    return concepts


def _presence(votes: int, count: int, readers: Readers) -> Presence:
    if readers == "agreement" and 0 < votes < count:
        return Presence.UNCERTAIN
    seen = votes > 0 if readers == "any" else 2 * votes > count
    return Presence.PRESENT if seen else Presence.ABSENT


def _findings(readings: Iterable[_Readings]) -> tuple[str, ...]:
    """Concepts of the labels that the tables have, in the order of the knowledge base."""
    meant = {labels_of("vindr")[label].concept for reading in readings for label in reading.labels}
    return tuple(concept for concept in concepts_of("vindr") if concept in meant)


def _box_tables(part: str) -> tuple[str, ...]:
    return (f"annotations/annotations_{part}.csv", *((KAGGLE,) if part == "train" else ()))


def _boxes(table: pd.DataFrame, where: str, ids: Collection[str]) -> Iterator[tuple[str, Box]]:
    """Boxes of the images ``ids``; a row of a reader who found nothing has none."""
    require_columns(table, {"image": "image_id", "label": "class_name", **{name: name for name in _CORNERS}}, where)
    readers = column_of(table, "rad_id")
    rows = table[["image_id", "class_name", *_CORNERS]].itertuples(index=False)
    for reader, (name, label, *corners) in zip(readers, rows, strict=True):
        if name in ids and label != NOTHING:
            left, top, right, bottom = numbers(corners)
            concept = labels_of("vindr")[str(label)].concept
            yield str(name), Box(concept, left, top, right - left, bottom - top, reader)


def _write_labels(path: Path, rows: Sequence[tuple[str, str, Sequence[str]]], labels: Sequence[str]) -> None:
    """The table of train has a column of readers, that of test has none."""
    read = any(reader for _, reader, _ in rows)
    cells = [
        [image, *([reader] if read else []), *("01"[label in marked] for label in labels)]
        for image, reader, marked in rows
    ]
    header = ["image_id", *(["rad_id"] if read else []), *labels]
    write_lines(path, [",".join(row) for row in [header, *cells]])


plugin = VinDr

"""PadChest (160,861 images of 67,625 patients, Hospital San Juan, Alicante) in its official layout.

    PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv   0/*.png ... 54/*.png  (or all in images/, or in one folder)

Images are 16-bit PNG. Reports are Spanish, cut to word stems by their authors. Labels were given by physicians (a
quarter) and by a network. An image's cell lists what its report asserts; what it does not list is absent. Licence:
PadChest's own, research only, no redistribution. Bustos et al., Medical Image Analysis 66, 2020.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from PIL import Image

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import fake_chest, one_patient_a_split
from radz.data.corpora._images import (
    Missing,
    Side,
    Views,
    choose_images,
    find_table,
    present_images,
)
from radz.data.corpora._labels import Broader, Unlisted, from_listed
from radz.data.ontology import concepts_of, labels_of, to_concepts
from radz.data.splits import split_by_hash
from radz.data.tables import ROW, column_of, read_table, require_columns, require_filled
from radz.errors import CorpusError
from radz.types import Presence, Study

LABELS = tuple(labels_of("padchest"))
"""Every label of the table, without blanks at its ends."""
OPEN_ENDED = ("unchanged", "exclude")
"""Labels after which the list of findings is not whole, so that nothing is absent."""
TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
LabelledBy = Literal["all", "physician"]

_SIDES: dict[str, Side] = {"PA": "frontal", "AP": "frontal", "AP_horizontal": "frontal", "L": "lateral"}
_COLUMNS = {
    **{"image": "ImageID", "folder": "ImageDir", "study": "StudyID", "patient": "PatientID", "view": "Projection"},
    **{
        "labels": "Labels",
        "who labelled": "MethodLabel",
        "report": "Report",
        "places": "LabelsLocalizationsBySentence",
    },
}
_DESCRIBED = ("PatientSex_DICOM", "PatientBirth", "StudyDate_DICOM", "Manufacturer_DICOM", "Pediatric")
_NAN = re.compile(r"(?<=[\[ ])nan(?=[,\]])")  # a sentence without labels
_SALT = "padchest"


class PadChest(Corpus):
    """Labels as concepts; study ids are the official file names."""

    name: ClassVar[str] = "padchest"
    about: ClassVar[About] = About(
        title="PadChest: 160,861 chest radiographs of 67,625 patients with Spanish reports and 190 labels with places",
        obtain="https://bimcv.cipf.es/bimcv-projects/padchest (the table, and 0.zip to 54.zip)",
        terms="PadChest licence: registration, research only, no redistribution",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        val_fraction: float = 0.1,
        test_fraction: float = 0.2,
        labelled_by: LabelledBy = "all",
        unlisted: Unlisted = "absent",
        broader: Broader = "present",
        views: Views = "one",
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``, which holds the table and the images.

        val_fraction, test_fraction: shares of the patients, drawn by a hash of the patient id, as the corpus has no
        split. labelled_by: ``physician`` keeps only images whose report a physician labelled. unlisted: presence of a
        label that an image does not list, ``absent | unlabelled``. broader: presence of a concept that is not listed
        where a kind of it is, ``present | unlabelled | absent``. views: ``one`` frontal image per study, ``frontal``,
        ``lateral`` or ``all`` images. missing: images that are listed and missing, ``error | skip | later``.

        Raises CorpusError for a missing table, column or image, UnknownNameError for an unknown label.
        """
        self.root = Path(root)
        self.policies = {"labelled_by": labelled_by, "unlisted": unlisted, "broader": broader, "views": views}
        self.policies |= {"missing": missing, "split": f"by hash: {test_fraction} test, {val_fraction} val"}
        table = _table(self.root, labelled_by, views)
        labels = _labels(table, unlisted, broader)
        splits = [split_by_hash(p, _SALT, val_fraction, test_fraction) for p in column_of(table, "PatientID")]
        studies = _studies(table, labels, splits, _folder(self.root))
        rows = dict(zip((study.study_id for study in studies), table[ROW], strict=True))
        places = dict(zip(column_of(table, "ImageID"), column_of(table, _COLUMNS["places"]), strict=True))
        studies = present_images(studies, missing, self.root, self.about)
        super().__init__(studies, concepts_of(self.name), split, rows=[rows[study.study_id] for study in studies])
        self._places = {study.study_id: places[study.study_id] for study in self.records}

    @cached_property
    def places(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Study id -> concept -> where the report's sentence puts it ("right upper lobe"), of the records."""
        places = {study_id: places_of(cell) for study_id, cell in self._places.items()}
        return {study_id: by_concept for study_id, by_concept in places.items() if by_concept}

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images, 16 bits, of three patients that fall into train, val and test."""
        cells = ("['pulmonary mass', 'rib fracture']", "['normal']", "['pleural effusion', ' pacemaker']")
        places = ("[['pulmonary mass', 'loc right upper lobe'], ['rib fracture']]", "[['normal']]", "[]")
        rows = []
        for i, patient in enumerate(one_patient_a_split(_SALT).values()):
            image = f"{patient}_{i}.png"
            rows.append((image, i, f"study{i}", patient, "PA", cells[i], "Physician", " sin hallazg .", places[i]))
            (tmp_path / str(i)).mkdir(parents=True, exist_ok=True)
            Image.fromarray(fake_chest(i).astype(np.uint16) * 16).save(tmp_path / str(i) / image)
        table = pd.DataFrame(rows, columns=[*_COLUMNS.values()])
        table[[*_DESCRIBED]] = ("F", "1930.0", "20140915", "GMM", "No")
        table.to_csv(tmp_path / TABLE)
        return tmp_path


def labels_in(cell: str) -> set[str]:
    """``"['normal', ' pacemaker', '']"`` -> {normal, pacemaker}. Raises CorpusError for another cell."""
    return {str(label).strip() for label in _parsed(cell)} - {""}


def places_of(cell: str) -> dict[str, tuple[str, ...]]:
    """Concept -> places in the same sentence, from a cell of LabelsLocalizationsBySentence. Raises CorpusError."""
    places_by_concept: dict[str, tuple[str, ...]] = {}
    sentences = _parsed(cell)
    for sentence in sentences if any(isinstance(s, list) for s in sentences) else [sentences]:
        words = [str(word).strip() for word in sentence or ()]
        places = [word.removeprefix("loc ") for word in words if word.startswith("loc ")]
        for label in (word for word in words if word in LABELS and places):
            for concept in to_concepts("padchest", {label: Presence.PRESENT}):
                named = (*places_by_concept.get(concept, ()), *places)
                places_by_concept[concept] = tuple(dict.fromkeys(named))
    return places_by_concept


def _table(root: Path, labelled_by: LabelledBy, views: Views) -> pd.DataFrame:
    path = find_table(root, (TABLE,), PadChest.about)
    assert path is not None
    table = read_table(path, [*_COLUMNS.values(), *_DESCRIBED])
    require_columns(table, _COLUMNS, path.name)
    require_filled(table, "PatientID", path.name, "Patients, never images, are split.")
    if labelled_by == "physician":
        table = table[table["MethodLabel"] == "Physician"]
    sides: list[Side] = [_SIDES.get(view, "") for view in table["Projection"].tolist()]
    # One study id belongs to two patients.
    keys = [*zip(table["PatientID"].tolist(), table["StudyID"].tolist(), strict=True)]
    return table.iloc[choose_images(keys, sides, views)]


def _labels(table: pd.DataFrame, unlisted: Unlisted, broader: Broader) -> list[Mapping[str, Presence]]:
    """Labels of each row; rows with the same cell share one mapping."""
    by_cell: dict[str, Mapping[str, Presence]] = {}
    for row, cell in zip(table[ROW], table["Labels"].tolist(), strict=True):
        if cell not in by_cell:
            try:
                by_cell[cell] = _labels_of(cell, unlisted, broader)
            except CorpusError as error:
                raise CorpusError(f"{TABLE}: row {row}: {error}") from None
    return [by_cell[cell] for cell in table["Labels"].tolist()]


def _labels_of(cell: str, unlisted: Unlisted, broader: Broader) -> dict[str, Presence]:
    names = labels_in(cell)
    return from_listed("padchest", names, "unlabelled" if names & {*OPEN_ENDED} else unlisted, broader)


def _parsed(cell: str) -> list[Any]:
    try:
        items = ast.literal_eval(_NAN.sub("None", cell)) if cell not in ("", "nan") else []
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise CorpusError(f"a cell of labels must be a list such as ['normal'], got {cell[:40]!r}.")
    return items


def _folder(root: Path) -> str:
    """Path of an image, with its folder and name left open."""
    if any(path.name.isdigit() and path.is_dir() for path in root.iterdir()):
        return str(root / "{folder}" / "{name}")
    return str((root / "images" if (root / "images").is_dir() else root) / "{name}")


def _studies(
    table: pd.DataFrame, labels: Sequence[Mapping[str, Presence]], splits: Sequence[str], place: str
) -> list[Study]:
    columns = zip(
        column_of(table, "ImageID"),
        column_of(table, "PatientID"),
        column_of(table, "ImageDir"),
        column_of(table, "Report"),
        labels,
        _described(table),
        splits,
        strict=True,
    )
    return [
        Study(image, patient, Path(place.format(folder=folder, name=image)), report or None, presence, described, split)
        for image, patient, folder, report, presence, described, split in columns
    ]


def _described(table: pd.DataFrame) -> list[dict[str, str]]:
    columns = {
        "view": "Projection",
        "study": "StudyID",
        "manufacturer": "Manufacturer_DICOM",
        "sex": "PatientSex_DICOM",
    }
    cells = {key: column_of(table, name) for key, name in columns.items()}
    cells["age"] = [
        _age(birth, date)
        for birth, date in zip(column_of(table, "PatientBirth"), column_of(table, "StudyDate_DICOM"), strict=True)
    ]
    cells["sex"] = [sex if sex in ("M", "F") else "" for sex in cells["sex"]]
    return [
        {key: value for key, value in zip(cells, row, strict=True) if value not in ("", "nan", "None")}
        for row in zip(*cells.values(), strict=True)
    ]


def _age(birth: str, date: str) -> str:
    """Years between the year of birth ("1930.0") and the day of the image ("20140915"); '' if one is unknown."""
    year = birth.partition(".")[0]
    return str(int(date[:4]) - int(year)) if year.isdigit() and date[:4].isdigit() else ""


plugin = PadChest

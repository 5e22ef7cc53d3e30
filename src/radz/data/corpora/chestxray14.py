"""NIH ChestX-ray14 (112,120 images of 30,805 patients) in its official layout.

    images/*.png  or  images_001/images/*.png ...
    Data_Entry_2017_v2020.csv (or Data_Entry_2017.csv)   train_val_list.txt   test_list.txt   BBox_List_2017.csv

Labels were mined from reports. The corpus lists what a report asserts. A finding that is not listed is absent: the
documented label policy of this corpus, which radz follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pandas as pd

from radz.data.corpora._boxes import Box, numbers
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import years
from radz.data.corpora._fakes import write_lines, write_radiograph
from radz.data.corpora._images import Missing, present_images
from radz.data.corpora._labels import complete, parse_cell
from radz.data.faults import notable
from radz.data.splits import SPLITS, hash_fraction, rows_text
from radz.data.tables import ROW, column_of, read_table, read_text, require_columns
from radz.errors import ConfigError, CorpusError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import NORMAL, Presence, Study

FINDINGS = (
    *("atelectasis", "cardiomegaly", "consolidation", "edema", "effusion", "emphysema", "fibrosis", "hernia"),
    *("infiltration", "mass", "nodule", "pleural_thickening", "pneumonia", "pneumothorax", NORMAL),
)
ENTRIES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
TRAIN_VAL, TEST, BOXES = "train_val_list.txt", "test_list.txt", "BBox_List_2017.csv"
INVERTED = ("00017999_000.png",)
"""Images published with dark bones, confirmed by eye among those of ``looks_inverted``; the list is not complete."""

_COLUMNS = {"image": "Image Index", "patient": "Patient ID", "labels": "Finding Labels"}
_METADATA = {"view": "View Position", "sex": "Patient Gender", "age": "Patient Age"}
_BOX_LABELS = {"Infiltrate": "infiltration"}  # the list of boxes spells this finding differently
_SALT = "chestxray14-val"


class ChestXray14(Corpus):
    """The 14 findings and "No Finding"; study ids are the official file names."""

    name: ClassVar[str] = "chestxray14"
    about: ClassVar[About] = About(
        title="NIH ChestX-ray14: 112,120 frontal chest radiographs of 30,805 patients, labels mined from reports",
        obtain="https://nihcc.app.box.com/v/ChestXray-NIHCC (images_*.tar.gz, Data_Entry_2017_v2020.csv, both lists)",
        terms="NIH Clinical Center: no restriction on use; name the source, cite Wang et al., CVPR 2017",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        val_fraction: float = 0.1,
        films: Path | str | None = None,
        missing: Missing = "error",
    ) -> None:
        """Open the folder ``root``.

        val_fraction: share of the official train_val patients that become ``val``, chosen by a hash of the patient id,
        the same on every machine. films: a CSV with the columns film, split and optionally source; the corpus is
        restricted to these file names, in these splits. missing: images that are listed and missing,
        ``error | skip | later``.

        Raises CorpusError if a file, column or image is missing, UnknownNameError for a split, LeakageError where
        ``films`` puts a patient into two splits.
        """
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"val_fraction is {val_fraction}, allowed is 0 <= val_fraction < 1.")
        self.root = Path(root)
        source = f"official, {val_fraction} val" if films is None else f"films of {Path(films).name}"
        self.policies = {"split": source, "missing": missing}
        table = _entries(self.root)
        if films is None:
            splits = _official_splits(self.root, table, val_fraction)
        else:
            table, splits = _chosen(table, Path(films))
        paths = _image_paths(self.root, column_of(table, "Image Index"), missing)
        rows = dict(zip(column_of(table, "Image Index"), table[ROW].tolist(), strict=True))
        studies = _studies(table, splits, paths)
        studies = studies if missing == "error" else present_images(studies, missing, self.root, self.about)
        super().__init__(studies, FINDINGS, split, inverted=INVERTED, rows=[rows[study.study_id] for study in studies])

    @cached_property
    def boxes(self) -> Mapping[str, tuple[Box, ...]]:
        """Study id -> boxes, for the records of this split that have any; empty without the list of boxes."""
        path = self.root / BOXES
        if not path.is_file():
            return {}
        ids = {study.study_id for study in self.records}
        boxes: dict[str, tuple[Box, ...]] = {}
        for row in read_table(path).itertuples(index=False):
            if row[0] in ids:
                boxes[str(row[0])] = (*boxes.get(str(row[0]), ()), _box(row))
        return boxes

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three patients that fall into train, val and test."""
        train = _first_patient(lambda patient: hash_fraction(str(patient), _SALT) >= 0.1)
        val = _first_patient(lambda patient: hash_fraction(str(patient), _SALT) < 0.1)
        images = [(train, "Mass|Nodule"), (val, "No Finding"), (max(train, val) + 1, "Effusion")]
        names = [f"{patient:08d}_000.png" for patient, _ in images]
        rows = [f"{n},{labels},0,{p},57,M,PA" for n, (p, labels) in zip(names, images, strict=True)]
        for i, name in enumerate(names):
            write_radiograph(tmp_path / "images_001" / "images" / name, seed=i)
        header = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position"
        write_lines(tmp_path / ENTRIES[0], [header, *rows])
        write_lines(tmp_path / TRAIN_VAL, names[:2])
        write_lines(tmp_path / TEST, names[2:])
        write_lines(
            tmp_path / BOXES, ["Image Index,Finding Label,Bbox [x,y,w,h],,,", f"{names[2]},Effusion,225,547,86,79"]
        )
        return tmp_path


def _entries(root: Path) -> pd.DataFrame:
    tables = [root / name for name in ENTRIES if (root / name).is_file()]
    if not tables:
        raise CorpusError(f"{root}: holds neither {' nor '.join(ENTRIES)}. Give the folder that the NIH download made.")
    table = read_table(tables[0]).rename(columns={"Patient Sex": "Patient Gender"})  # as the newer release calls it
    require_columns(table, _COLUMNS | _METADATA, tables[0].name)
    return table


def _official_splits(root: Path, table: pd.DataFrame, val_fraction: float) -> list[str]:
    train_val, test = _names(root / TRAIN_VAL), _names(root / TEST)
    splits = [
        "test" if image in test else _train_or_val(patient, val_fraction) if image in train_val else ""
        for image, patient in zip(column_of(table, "Image Index"), column_of(table, "Patient ID"), strict=True)
    ]
    rows = [row for row, split in zip(table[ROW], splits, strict=True) if not split]
    if rows:
        raise CorpusError(
            f"{root}: {len(rows)} images ({rows_text(rows)} of the data entries) are in neither {TRAIN_VAL} nor "
            f"{TEST}. Download both lists whole, or choose images with the option films."
        )
    return splits


def _train_or_val(patient: str, val_fraction: float) -> str:
    return "val" if hash_fraction(patient, _SALT) < val_fraction else "train"


def _chosen(table: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the images listed in ``path``, in the order of the data entries, and their splits."""
    listed = read_table(path)
    require_columns(listed, {"file name": "film", "split": "split"}, path.name)
    unknown = sorted(set(listed["split"]) - set(SPLITS))
    if unknown:
        raise UnknownNameError(f"split in {path.name}", unknown[0], SPLITS)
    if duplicates := listed[ROW][listed["film"].duplicated(keep=False)].tolist():
        raise CorpusError(f"{path.name}: an image is listed twice ({rows_text(duplicates)}).")
    if strange := listed[ROW][~listed["film"].isin(set(table["Image Index"]))].tolist():
        raise CorpusError(f"{path.name}: {len(strange)} images are not in the data entries ({rows_text(strange)}).")
    columns = [name for name in ("film", "split", "source") if name in listed.columns]
    chosen = table.merge(listed[columns], left_on="Image Index", right_on="film", how="inner")
    return chosen, chosen["split"].tolist()


def _names(path: Path) -> set[str]:
    if not path.is_file():
        raise CorpusError(f"{path}: missing. It is part of the NIH download; without it give the option films.")
    return set(read_text(path).split())


def _image_paths(root: Path, wanted: Sequence[str], missing: Missing) -> dict[str, Path]:
    """File name -> path. Raises CorpusError for missing images, under the policy ``error``."""
    there = {path.name: path for pattern in ("images*/*.png", "images*/images/*.png") for path in root.glob(pattern)}
    lacking = [name for name in wanted if name not in there]
    with notable():
        if lacking and missing == "error":
            raise CorpusError(
                f"{root}: {len(lacking)} of {len(wanted)} images are missing from its folders images*/ (the first: "
                f"{', '.join(lacking[:3])}). Download them, list those you have with the option films, or set the "
                "option missing: skip."
            )
    return {name: root / "images" / name for name in lacking} | there


def _studies(table: pd.DataFrame, splits: list[str], paths: Mapping[str, Path]) -> list[Study]:
    labels = _labels(table)
    metadata = {key: column_of(table, column) for key, column in (_METADATA | {"source": "source"}).items()}
    metadata["age"] = [years(age) for age in metadata["age"]]
    described = ({key: cells[i] for key, cells in metadata.items() if cells[i]} for i in range(len(table)))
    columns = (column_of(table, column) for column in _COLUMNS.values())
    return [
        Study(name, patient, paths[name], None, labels[cell], metadata_of, split)
        for name, patient, cell, metadata_of, split in zip(*columns, described, splits, strict=True)
    ]


def _labels(table: pd.DataFrame) -> dict[str, dict[str, Presence]]:
    """Labels of each distinct cell; images with the same cell share one mapping."""
    knowledge = KnowledgeBase.load()
    cells = {cell: parse_cell(cell, "|", knowledge) for cell in set(column_of(table, "Finding Labels"))}
    strange = sorted({concept for labels in cells.values() for concept in labels} - set(FINDINGS))
    if strange:
        raise CorpusError(
            f"Finding Labels holds {', '.join(strange)}, which ChestX-ray14 does not label. Download the table again."
        )
    return {cell: complete(labels, FINDINGS, "absent") for cell, labels in cells.items()}


def _box(row: tuple[object, ...]) -> Box:
    label = str(row[1])
    concept = _BOX_LABELS.get(label) or KnowledgeBase.load()[label].id
    return Box(concept, *numbers(row[2:6]))


def _first_patient(wanted: Callable[[int], bool]) -> int:
    return next(patient for patient in range(1, 10_000) if wanted(patient))


plugin = ChestXray14

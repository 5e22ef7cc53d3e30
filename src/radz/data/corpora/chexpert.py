"""CheXpert (224,316 images of 65,240 patients, Stanford) in its official layouts, full size or ``-small``.

    train.csv  valid.csv  train/patient00001/study1/view1_frontal.jpg ...  valid/...
    test_labels.csv, or groundtruth.csv, and test/...: the 500 studies labelled by radiologists

The archives of the full-size release may also stay in their folders, ``CheXpert-v1.0 batch 2 (train 1)`` and so on.
Labels were mined from reports (train) or read by radiologists (valid, test). Licence: Stanford University School of
Medicine's research use agreement. Irvin et al., CheXpert, AAAI 2019; for the test set Saporta et al., Nature Machine
Intelligence 2022.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from radz.data.corpora._chexpert import LABELS, Uncertain, findings, read_labels
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_lines, write_radiograph
from radz.data.corpora._images import Missing, Side, Views, choose_images, find_table, how_to_obtain, present_images
from radz.data.corpora._labels import Unlisted
from radz.data.splits import rows_text
from radz.data.tables import ROW, column_of, read_table, require_columns
from radz.errors import CorpusError
from radz.types import Presence, Study

__all__ = ["LABELS", "CheXpert", "plugin"]

TABLES = {"train": ("train.csv",), "val": ("valid.csv",), "test": ("test_labels.csv", "groundtruth.csv", "test.csv")}
_PATH = re.compile(r"(?P<part>train|valid|val|test)/(?P<patient>patient\d+)/(?P<study>study\d+)(?:/(?P<image>[^/]+))?$")
_SEX = {"Male": "M", "Female": "F"}


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that a row lists."""

    part: str
    patient: str
    study: str
    name: str
    folder: str
    row: int

    @property
    def key(self) -> str:
        """Path of the study."""
        return f"{self.part}/{self.patient}/{self.study}"

    @property
    def side(self) -> Side:
        """Frontal, unless the file name says lateral."""
        return "lateral" if "lateral" in self.name else "frontal"


class CheXpert(Corpus):
    """The fourteen labels; a study id is the image's official path without its first folder."""

    name: ClassVar[str] = "chexpert"
    about: ClassVar[About] = About(
        title="CheXpert: 224,316 chest radiographs of 65,240 patients, labels mined from reports; 500 test studies "
        "read by radiologists",
        obtain="https://aimi.stanford.edu/datasets/chexpert-chest-x-rays (train, valid) and "
        "https://aimi.stanford.edu/datasets/chexlocalize (test)",
        terms="Stanford research use agreement: registration, non-commercial research, no redistribution",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        uncertain: Uncertain = "separate",
        unlisted: Unlisted = "unlabelled",
        views: Views = "one",
        missing: Missing = "error",
        test_labels: Path | str | None = None,
    ) -> None:
        """Open the folder ``root``, or the folder above it. A split without its table is not offered.

        uncertain: what -1 becomes, ``separate | ignore | ones | zeros``. unlisted: what an empty cell means,
        ``unlabelled | absent``. views: ``one`` frontal image per study, ``frontal``, ``lateral`` or ``all`` images.
        missing: images that are listed and missing, ``error | skip | later``. test_labels: the test set's table, where
        it is in another place; its images are in the folder ``test`` next to it.

        Raises CorpusError for a missing table, column or image or a strange label, UnknownNameError for a split.
        """
        self.root = Path(root)
        self.policies = {"uncertain": uncertain, "unlisted": unlisted, "views": views, "missing": missing}
        paths = {part: _table_of(self.root, part, test_labels) for part in TABLES}
        if not any(paths.values()) or (split in paths and paths[split or ""] is None):
            wanted = TABLES.get(split or "train", TABLES["train"])
            raise CorpusError(f"{self.root}: there is no {' or '.join(wanted)} here. {how_to_obtain(self.about)}")
        taken: list[tuple[int, Study]] = []
        for part, path in paths.items():
            if path is not None:
                table = read_table(path)
                labels = dict(zip(table[ROW], read_labels(table, path.name, uncertain, unlisted), strict=True))
                taken += _studies(part, table, labels, [*_images(table, path, self.root)], views)
        studies = present_images([study for _, study in taken], missing, self.root, self.about)
        row_of = {study.study_id: row for row, study in taken}
        super().__init__(studies, findings(), split, rows=[row_of[study.study_id] for study in studies])

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three patients in the ``-small`` layout; the training study has a lateral image too."""
        root = tmp_path / "CheXpert-v1.0-small"
        first = ["train/patient00001/study1/view1_frontal.jpg", "train/patient00001/study1/view2_lateral.jpg"]
        marks = {"No Finding": "1.0", "Pneumothorax": "0.0", "Support Devices": "1.0"}
        _write(root / "train.csv", [[f"{root.name}/{p}", "Female", "68", *_view(p), *_cells(marks)] for p in first])
        valid, test = (f"{part}/patient{n}/study1/view1_frontal.jpg" for part, n in (("valid", 64541), ("test", 64741)))
        marks = {"Edema": "-1.0", "Pleural Effusion": "1.0"}
        _write(root / "valid.csv", [[f"{root.name}/{valid}", "Male", "73", *_view(valid), *_cells(marks)]])
        cells = [cell or "0" for cell in _cells({"Cardiomegaly": "1"})]
        _write(root / "groundtruth.csv", [[f"CheXpert-v1.0/{Path(test).parent}", *cells]], ("Study",))
        for seed, image in enumerate((*first, valid, test)):
            write_radiograph(root / image, seed)
        return root


def _table_of(root: Path, part: str, test_labels: Path | str | None) -> Path | None:
    if part == "test" and test_labels is not None:
        return Path(test_labels)
    return find_table(root, TABLES[part], CheXpert.about, needed=False)


def _studies(
    part: str, table: pd.DataFrame, labels: Mapping[int, Mapping[str, Presence]], images: Sequence[_Image], views: Views
) -> list[tuple[int, Study]]:
    """The images taken, as studies, each with its row."""
    described = dict(zip(table[ROW], _described(table), strict=True))
    taken = choose_images([image.key for image in images], [image.side for image in images], views)
    return [(images[i].row, _study(images[i], part, labels[images[i].row], described[images[i].row])) for i in taken]


def _study(image: _Image, split: str, labels: Mapping[str, Presence], described: Mapping[str, str]) -> Study:
    view = "lateral" if image.side == "lateral" else described.get("view", "frontal")
    metadata = {**described, "view": view, "study": f"{image.patient}/{image.study}"}
    path = Path(f"{image.folder}/{image.name}")
    return Study(f"{image.key}/{image.name}", image.patient, path, None, labels, metadata, split)


def _images(table: pd.DataFrame, path: Path, root: Path) -> Iterator[_Image]:
    """The images of each row: one where the row names an image, those in the folder where it names a study."""
    column = "Path" if "Path" in table.columns else "Study"
    require_columns(table, {"image": column}, path.name)
    folders = _Folders(root, path.parent)
    strange = []
    for row, cell in zip(table[ROW], table[column].tolist(), strict=True):
        match = _PATH.search(cell)
        if match is None:
            strange.append(row)
            continue
        part, patient, study, name = match.group("part", "patient", "study", "image")
        part = "valid" if part == "val" else part
        folder = f"{folders.of(part, patient)}/{study}"
        for image in [name] if name else _names_in(Path(folder)):
            yield _Image(part, patient, study, image, folder, row)
    if strange:
        raise CorpusError(
            f"{path}: column '{column}' is not a path such as train/patient00001/study1/view1_frontal.jpg in "
            f"{rows_text(strange)}."
        )


def _names_in(folder: Path) -> Sequence[str]:
    """Images of a study, sorted, so that view1 is the first; view1_frontal.jpg where the folder is not there."""
    return sorted(image.name for image in folder.glob("view*.jpg")) or ["view1_frontal.jpg"]


class _Folders:
    """Folders of patients: next to the table, or spread over the folders of the full-size archives."""

    def __init__(self, root: Path, table_folder: Path) -> None:
        self.table_folder = table_folder
        above = (root, root.parent)
        batches = [b for folder in above for b in folder.glob("CheXpert-v1.0 batch * (train *)") if b.is_dir()]
        spread = bool(batches) and not (table_folder / "train").is_dir()
        self.train = {p.name: str(p) for batch in batches for p in batch.glob("patient*")} if spread else {}
        self.valid = "valid" if (table_folder / "valid").is_dir() else "val"  # as CheXlocalize calls it

    def of(self, part: str, patient: str) -> str:
        """The folder of a patient."""
        if part == "train" and patient in self.train:
            return self.train[patient]
        return f"{self.table_folder}/{self.valid if part == 'valid' else part}/{patient}"


def _described(table: pd.DataFrame) -> list[dict[str, str]]:
    """View, sex and age of each row, where they are known; age 0 means unknown."""
    columns = {"view": "AP/PA", "sex": "Sex", "age": "Age"}
    cells = {key: column_of(table, name) for key, name in columns.items()}
    cells["sex"] = [_SEX.get(sex, "") for sex in cells["sex"]]
    cells["age"] = ["" if age == "0" else age for age in cells["age"]]
    return [{k: v for k, v in zip(cells, row, strict=True) if v} for row in zip(*cells.values(), strict=True)]


def _view(path: str) -> tuple[str, str]:
    return ("Lateral", "") if "lateral" in path else ("Frontal", "AP")


def _cells(marks: Mapping[str, str]) -> list[str]:
    return [marks.get(label, "") for label in LABELS]


def _write(path: Path, rows: list[list[str]], first: Sequence[str] = ()) -> None:
    header = [*(first or ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA")), *LABELS]
    write_lines(path, (",".join(row) for row in [header, *rows]))


plugin = CheXpert

"""CheXpert (224,316 films of 65,240 patients, Stanford) in its official layouts, full size or ``-small``.

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
from radz.data.corpora._corpus import About, Corpus, write_film
from radz.data.corpora._fakes import write_lines
from radz.data.corpora._films import Missing, Side, Views, choose_films, find_table, how_to_obtain, present_films
from radz.data.corpora._labels import Unlisted
from radz.data.splits import rows_text
from radz.data.tables import ROW, column_of, read_table, require_columns
from radz.errors import CorpusError
from radz.types import Presence, Study

__all__ = ["LABELS", "CheXpert", "plugin"]

TABLES = {"train": ("train.csv",), "val": ("valid.csv",), "test": ("test_labels.csv", "groundtruth.csv", "test.csv")}
_PATH = re.compile(r"(?P<part>train|valid|val|test)/(?P<patient>patient\d+)/(?P<study>study\d+)(?:/(?P<film>[^/]+))?$")
_SEX = {"Male": "M", "Female": "F"}


@dataclass(frozen=True, slots=True)
class _Film:
    part: str
    patient: str
    study: str
    name: str
    folder: str
    row: int

    @property
    def key(self) -> str:
        return f"{self.part}/{self.patient}/{self.study}"

    @property
    def side(self) -> Side:
        return "lateral" if "lateral" in self.name else "frontal"


class CheXpert(Corpus):
    """The fourteen labels; a study id is the film's official path without its first folder."""

    name: ClassVar[str] = "chexpert"
    about: ClassVar[About] = About(
        title="CheXpert: 224,316 chest films of 65,240 patients, labels mined from reports; 500 test studies read by "
        "radiologists",
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
        """Open the folder ``root``, or the folder above it. A split whose table is not there is not offered.

        uncertain: what -1 becomes, ``separate | ignore | ones | zeros``. unlisted: what an empty cell is,
        ``unlabelled | absent``. views: ``one`` frontal film a study, ``frontal``, ``lateral`` or ``all`` films.
        missing: films listed and not there, ``error | skip | later``. test_labels: the test set's table, where it is
        elsewhere; its films stand in the folder ``test`` beside it.

        Raises CorpusError for a missing table, column or film or a strange label, UnknownNameError for a split.
        """
        self.root = Path(root)
        self.policies = {"uncertain": uncertain, "unlisted": unlisted, "views": views, "missing": missing}
        found = {part: _table_of(self.root, part, test_labels) for part in TABLES}
        if not any(found.values()) or (split in found and found[split or ""] is None):
            wanted = TABLES.get(split or "train", TABLES["train"])
            raise CorpusError(f"{self.root}: there is no {' or '.join(wanted)} here. {how_to_obtain(self.about)}")
        kept: list[tuple[int, Study]] = []
        for part, path in found.items():
            if path is not None:
                table = read_table(path)
                labels = dict(zip(table[ROW], read_labels(table, path.name, uncertain, unlisted), strict=True))
                kept += _studies(part, table, labels, [*_films(table, path, self.root)], views)
        studies = present_films([study for _, study in kept], missing, self.root, self.about)
        row_of = {study.study_id: row for row, study in kept}
        super().__init__(studies, findings(), split, rows=[row_of[study.study_id] for study in studies])

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three patients in the ``-small`` layout; the training study has a lateral film too."""
        root = tmp_path / "CheXpert-v1.0-small"
        first = ["train/patient00001/study1/view1_frontal.jpg", "train/patient00001/study1/view2_lateral.jpg"]
        marks = {"No Finding": "1.0", "Pneumothorax": "0.0", "Support Devices": "1.0"}
        _write(root / "train.csv", [[f"{root.name}/{p}", "Female", "68", *_view(p), *_cells(marks)] for p in first])
        valid, test = (f"{part}/patient{n}/study1/view1_frontal.jpg" for part, n in (("valid", 64541), ("test", 64741)))
        marks = {"Edema": "-1.0", "Pleural Effusion": "1.0"}
        _write(root / "valid.csv", [[f"{root.name}/{valid}", "Male", "73", *_view(valid), *_cells(marks)]])
        cells = [cell or "0" for cell in _cells({"Cardiomegaly": "1"})]
        _write(root / "groundtruth.csv", [[f"CheXpert-v1.0/{Path(test).parent}", *cells]], ("Study",))
        for seed, film in enumerate((*first, valid, test)):
            write_film(root / film, seed)
        return root


def _table_of(root: Path, part: str, test_labels: Path | str | None) -> Path | None:
    if part == "test" and test_labels is not None:
        return Path(test_labels)
    return find_table(root, TABLES[part], CheXpert.about, needed=False)


def _studies(
    part: str, table: pd.DataFrame, labels: Mapping[int, Mapping[str, Presence]], films: Sequence[_Film], views: Views
) -> list[tuple[int, Study]]:
    """The films taken, as studies, each with its row."""
    described = dict(zip(table[ROW], _described(table), strict=True))
    taken = choose_films([film.key for film in films], [film.side for film in films], views)
    return [(films[i].row, _study(films[i], part, labels[films[i].row], described[films[i].row])) for i in taken]


def _study(film: _Film, split: str, labels: Mapping[str, Presence], described: Mapping[str, str]) -> Study:
    view = "lateral" if film.side == "lateral" else described.get("view", "frontal")
    metadata = {**described, "view": view, "study": f"{film.patient}/{film.study}"}
    image = Path(f"{film.folder}/{film.name}")
    return Study(f"{film.key}/{film.name}", film.patient, image, None, labels, metadata, split)


def _films(table: pd.DataFrame, path: Path, root: Path) -> Iterator[_Film]:
    """The films of each row: one where the row names a film, those in the folder where it names a study."""
    column = "Path" if "Path" in table.columns else "Study"
    require_columns(table, {"film": column}, path.name)
    folders = _Folders(root, path.parent)
    strange = []
    for row, cell in zip(table[ROW], table[column].tolist(), strict=True):
        match = _PATH.search(cell)
        if match is None:
            strange.append(row)
            continue
        part, patient, study, name = match.group("part", "patient", "study", "film")
        part = "valid" if part == "val" else part
        folder = f"{folders.of(part, patient)}/{study}"
        for film in [name] if name else _names_in(Path(folder)):
            yield _Film(part, patient, study, film, folder, row)
    if strange:
        raise CorpusError(
            f"{path}: column '{column}' is no path such as train/patient00001/study1/view1_frontal.jpg in "
            f"{rows_text(strange)}."
        )


def _names_in(folder: Path) -> Sequence[str]:
    """Films of a study, sorted, so that view1 is the first; view1_frontal.jpg where the folder is not there."""
    return sorted(film.name for film in folder.glob("view*.jpg")) or ["view1_frontal.jpg"]


class _Folders:
    """Where patients are: beside the table, or spread over the folders of the full-size archives."""

    def __init__(self, root: Path, beside: Path) -> None:
        self.beside = beside
        above = (root, root.parent)
        batches = [b for folder in above for b in folder.glob("CheXpert-v1.0 batch * (train *)") if b.is_dir()]
        spread = bool(batches) and not (beside / "train").is_dir()
        self.train = {p.name: str(p) for batch in batches for p in batch.glob("patient*")} if spread else {}
        self.valid = "valid" if (beside / "valid").is_dir() else "val"  # as CheXlocalize calls it

    def of(self, part: str, patient: str) -> str:
        """The folder of a patient."""
        if part == "train" and patient in self.train:
            return self.train[patient]
        return f"{self.beside}/{self.valid if part == 'valid' else part}/{patient}"


def _described(table: pd.DataFrame) -> list[dict[str, str]]:
    """View, sex and age of each row, those that are known; age 0 stands for an unknown one."""
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

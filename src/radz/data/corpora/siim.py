"""SIIM-ACR Pneumothorax Segmentation (12,047 labelled films of the first stage) in its official layout.

    dicom-images-train/<study>/<series>/<ImageId>.dcm   train-rle.csv
    or stage_2_train.csv with the films of the second stage, wherever they are below the folder

A film has one row for each of its masks, or one row of -1. Masks are run lengths relative to the run before, down the
columns; a film's mask is the union of its rows. Films come from ChestX-ray14. Terms: Kaggle's competition rules,
non-commercial. Cite SIIM-ACR Pneumothorax Segmentation, Kaggle 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from radz.data.corpora._boxes import read_runs, write_runs
from radz.data.corpora._corpus import About, Corpus, write_dicom
from radz.data.corpora._dicom_files import headers_of, shortcuts
from radz.data.corpora._fakes import one_patient_a_split, write_lines
from radz.data.corpora._films import Missing, find_table, present_films
from radz.data.splits import rows_text, split_by_hash
from radz.data.tables import ROW, read_table, require_columns
from radz.errors import CorpusError
from radz.types import Presence, Study

TABLES = ("train-rle.csv", "stage_2_train.csv")
SIDE = 1024
"""Films and masks are of this height and width."""
_NO_MASK = "-1"
_SALT = "siim"


class Siim(Corpus):
    """One finding, pneumothorax; study ids are the official image ids."""

    name: ClassVar[str] = "siim"
    about: ClassVar[About] = About(
        title="SIIM-ACR Pneumothorax: 12,047 chest films of ChestX-ray14, with masks where there is a pneumothorax",
        obtain="https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation (train-rle.csv, dicom-images-train)",
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

        val_fraction, test_fraction: shares of the patients of the labelled films, drawn by a hash, as the labels of the
        official test films are not public. missing: films listed and not there, ``error | skip | later``; with
        ``later`` no header is read, so that a film's patient is the film and nothing is known of view, sex and age.

        Raises CorpusError for a missing table, column or film and for contradicting rows.
        """
        self.root = Path(root)
        self.policies = {"missing": missing, "split": f"by hash: {test_fraction} test, {val_fraction} val"}
        path = find_table(self.root, TABLES, self.about)
        assert path is not None
        self._runs = read_masks(path)
        files = {file.stem: file for file in self.root.rglob("*.dcm")}
        listed = [Study(name, name, files.get(name, self.root / f"{name}.dcm")) for name in self._runs]
        found = present_films(listed, missing, self.root, self.about)
        studies = [
            self._study(film, header, val_fraction, test_fraction)
            for film, header in zip(found, headers_of(found, missing, ("PatientID",)), strict=True)
        ]
        super().__init__(studies, ("pneumothorax",), split)

    def mask(self, study_id: str) -> NDArray[np.bool_]:
        """Where the pneumothorax of a film is, (1024, 1024); the union of all readers' masks, empty where it has none.

        Raises CorpusError for a film that is not in the table and for a mask that cannot be decoded.
        """
        if study_id not in self._runs:
            raise CorpusError("siim: there is no such film in the table. A film is named by its ImageId.")
        union = np.zeros((SIDE, SIDE), np.bool_)
        for runs in self._runs[study_id]:
            union |= read_runs(runs, SIDE, SIDE)
        return union

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three films of three patients; the first has two masks."""
        spots = [np.zeros((SIDE, SIDE), np.bool_) for _ in range(2)]
        spots[0][100:120, 200:210], spots[1][300:302, 400:401] = True, True
        rows = ["ImageId, EncodedPixels"]
        for seed, patient in enumerate(one_patient_a_split(_SALT).values()):
            film = tmp_path / "dicom-images-train" / f"1.2.{seed}" / f"1.3.{seed}" / f"1.4.{seed}.dcm"
            write_dicom(film, seed, PatientID=patient, ViewPosition="PA", PatientSex="F", PatientAge="051Y")
            rows += [f"{film.stem}, {write_runs(spot)}" for spot in spots] if seed == 0 else [f"{film.stem}, -1"]
        write_lines(tmp_path / TABLES[0], rows)
        return tmp_path

    def _study(self, film: Study, header: Mapping[str, str], val_fraction: float, test_fraction: float) -> Study:
        patient = header.get("PatientID") or film.patient_id
        presence = Presence.PRESENT if self._runs[film.study_id] else Presence.ABSENT
        split = split_by_hash(patient, _SALT, val_fraction, test_fraction)
        return Study(film.study_id, patient, film.image, None, {"pneumothorax": presence}, shortcuts(header), split)


def read_masks(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Image id -> the run lengths of its masks, none where it has no pneumothorax.

    Raises CorpusError for a missing column, and for a film that has both a mask and the mark of having none.
    """
    table = read_table(path).rename(columns=str.strip)  # the official header has a blank before EncodedPixels
    require_columns(table, {"film": "ImageId", "masks": "EncodedPixels"}, path.name)
    runs: dict[str, tuple[str, ...]] = {}
    without, rows = set[str](), []
    for name, cell, row in zip(
        table["ImageId"].str.strip(), table["EncodedPixels"].str.strip(), table[ROW], strict=True
    ):
        if cell == _NO_MASK:
            without.add(name)
        runs[name] = (*runs.get(name, ()), *(() if cell == _NO_MASK else (cell,)))
        rows += [row] if name in without and runs[name] else []
    if rows:
        raise CorpusError(f"{path.name}: a film has a mask and is said to have none ({rows_text(rows)}).")
    return runs


plugin = Siim

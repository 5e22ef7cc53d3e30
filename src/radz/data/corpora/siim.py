"""SIIM-ACR Pneumothorax Segmentation (12,047 labelled images of the first stage) in its official layout.

    dicom-images-train/<study>/<series>/<ImageId>.dcm   train-rle.csv
    or stage_2_train.csv with the images of the second stage, wherever they are below the folder

An image has one row for each of its masks, or one row of -1. Masks are run lengths relative to the previous run, down
the columns; an image's mask is the union of its rows. Images come from ChestX-ray14. Terms: Kaggle's competition rules,
non-commercial. Cite SIIM-ACR Pneumothorax Segmentation, Kaggle 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from radz.data.corpora._boxes import read_runs, write_runs
from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import headers_of, shortcuts
from radz.data.corpora._fakes import one_patient_a_split, write_dicom, write_lines
from radz.data.corpora._images import Missing, find_table, present_images
from radz.data.splits import rows_text, split_by_hash
from radz.data.tables import ROW, read_table, require_columns
from radz.errors import CorpusError
from radz.types import Presence, Study

TABLES = ("train-rle.csv", "stage_2_train.csv")
SIDE = 1024
"""Images and masks are of this height and width."""
_NO_MASK = "-1"
_SALT = "siim"


class Siim(Corpus):
    """One finding, pneumothorax; study ids are the official image ids."""

    name: ClassVar[str] = "siim"
    about: ClassVar[About] = About(
        title="SIIM-ACR Pneumothorax: 12,047 radiographs of ChestX-ray14, with masks of each pneumothorax",
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

        val_fraction, test_fraction: shares of the patients of the labelled images, drawn by a hash, because the labels
        of the official test images are not public. missing: images that are listed and missing,
        ``error | skip | later``; with ``later`` no header is read: each image is a patient, and view, sex and age are
        unknown.

        Raises CorpusError for a missing table, column or image and for contradicting rows.
        """
        self.root = Path(root)
        self.policies = {"missing": missing, "split": f"by hash: {test_fraction} test, {val_fraction} val"}
        path = find_table(self.root, TABLES, self.about)
        assert path is not None
        self._runs = read_masks(path)
        files = {file.stem: file for file in self.root.rglob("*.dcm")}
        listed = [Study(name, name, files.get(name, self.root / f"{name}.dcm")) for name in self._runs]
        present = present_images(listed, missing, self.root, self.about)
        studies = [
            self._study(image, header, val_fraction, test_fraction)
            for image, header in zip(present, headers_of(present, missing, ("PatientID",)), strict=True)
        ]
        super().__init__(studies, ("pneumothorax",), split)

    def mask(self, study_id: str) -> NDArray[np.bool_]:
        """The pneumothorax of an image, (1024, 1024): the union of its masks, empty if it has none.

        Raises CorpusError for an image that is not in the table and for a mask that cannot be decoded.
        """
        if study_id not in self._runs:
            raise CorpusError(
                "siim: the table does not have this image. Images are named by their ImageId. Restore the file's name."
            )
        union = np.zeros((SIDE, SIDE), np.bool_)
        for runs in self._runs[study_id]:
            union |= read_runs(runs, SIDE, SIDE)
        return union

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three patients; the first has two masks."""
        spots = [np.zeros((SIDE, SIDE), np.bool_) for _ in range(2)]
        spots[0][100:120, 200:210], spots[1][300:302, 400:401] = True, True
        rows = ["ImageId, EncodedPixels"]
        for seed, patient in enumerate(one_patient_a_split(_SALT).values()):
            image = tmp_path / "dicom-images-train" / f"1.2.{seed}" / f"1.3.{seed}" / f"1.4.{seed}.dcm"
            write_dicom(image, seed, PatientID=patient, ViewPosition="PA", PatientSex="F", PatientAge="051Y")
            rows += [f"{image.stem}, {write_runs(spot)}" for spot in spots] if seed == 0 else [f"{image.stem}, -1"]
        write_lines(tmp_path / TABLES[0], rows)
        return tmp_path

    def _study(self, image: Study, header: Mapping[str, str], val_fraction: float, test_fraction: float) -> Study:
        patient = header.get("PatientID") or image.patient_id
        presence = Presence.PRESENT if self._runs[image.study_id] else Presence.ABSENT
        split = split_by_hash(patient, _SALT, val_fraction, test_fraction)
        return Study(image.study_id, patient, image.image, None, {"pneumothorax": presence}, shortcuts(header), split)


def read_masks(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Image id -> the run lengths of its masks, none where it has no pneumothorax.

    Raises CorpusError for a missing column, and for an image that has both a mask and the mark of having none.
    """
    table = read_table(path).rename(columns=str.strip)  # the official header has a blank before EncodedPixels
    require_columns(table, {"image": "ImageId", "masks": "EncodedPixels"}, path.name)
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
        raise CorpusError(f"{path.name}: an image has a mask and also has the mark of having none ({rows_text(rows)}).")
    return runs


plugin = Siim

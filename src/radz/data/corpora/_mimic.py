"""The parts that MIMIC-CXR and MIMIC-CXR-JPG share: official split, labels, views, and reports as text files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from radz.data.corpora._chexpert import LABELS, Uncertain, findings, read_labels
from radz.data.corpora._corpus import Corpus
from radz.data.corpora._fakes import write_lines, write_radiograph
from radz.data.corpora._images import Missing, Side, Views, choose_images, find_table, present_images
from radz.data.corpora._labels import Unlisted
from radz.data.corpora._mimic_reports import ARCHIVE, with_reports
from radz.data.tables import ROW, column_of, read_table, require_columns
from radz.errors import UnknownNameError
from radz.types import Presence, Study

Labeler = Literal["chexpert", "negbio", "radiologist"]
SPLIT, METADATA = "mimic-cxr-2.0.0-split.csv", "mimic-cxr-2.0.0-metadata.csv"
LABEL_TABLES: Mapping[str, str] = {
    "chexpert": "mimic-cxr-2.0.0-chexpert.csv",
    "negbio": "mimic-cxr-2.0.0-negbio.csv",
    "radiologist": "mimic-cxr-2.1.0-test-set-labeled.csv",
}

_SPLITS = {"train": "train", "validate": "val", "test": "test"}
_OTHER_SPELLINGS = {"Airspace Opacity": "Lung Opacity", "No Findings": "No Finding"}  # in the radiologist's table
_LATERAL = ("LATERAL", "LL", "RL", "XTABLE LATERAL")
_CODED_VIEWS = {"postero-anterior": "PA", "antero-posterior": "AP", "lateral": "LATERAL", "left lateral": "LL"}
_IMAGE = ("dicom_id", "study_id", "subject_id")
_COLUMNS = (*_IMAGE, "split", "view")


class Mimic(Corpus):
    """The fourteen labels of CheXpert; a study id is the image's ``dicom_id``, ``metadata['study']`` the study's id."""

    suffix: ClassVar[str]
    reports_expected: ClassVar[bool]

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        labeler: Labeler = "chexpert",
        uncertain: Uncertain = "separate",
        unlisted: Unlisted = "unlabelled",
        views: Views = "one",
        missing: Missing = "error",
        tables: Path | str | None = None,
        reports: Path | str | bool | None = None,
    ) -> None:
        """Open the folder ``root`` that holds ``files/``.

        labeler: whose labels, ``chexpert | negbio | radiologist`` (the last for the test set only). uncertain: what -1
        becomes, ``separate | ignore | ones | zeros``. unlisted: what an empty cell means, ``unlabelled | absent``.
        views: ``one`` frontal image per study, ``frontal``, ``lateral`` or ``all`` images. missing: images that are
        listed and missing, ``error | skip | later``. tables: the folder of MIMIC-CXR-JPG's tables, where it is not
        ``root``. reports: the folder with ``files/`` of reports, or ``mimic-cxr-reports.zip``; False reads none. A
        report is reduced to its findings and impression, or to its last paragraph where it has neither.

        Raises CorpusError for a missing table, column, image or report, UnknownNameError for a split.
        """
        self.root = Path(root)
        self.policies = {"labeler": labeler, "uncertain": uncertain, "unlisted": unlisted, "views": views}
        self.policies |= {"missing": missing}
        folder = Path(tables) if tables is not None else self.root
        table = self._images(folder)
        labels = self._labels(folder, labeler, uncertain, unlisted)
        sides = [side_of(view) for view in table["view"].tolist()]
        table = table.iloc[choose_images(table["study_id"].tolist(), sides, views)]
        studies = [self._study(cells, labels) for cells in zip(*(table[c].tolist() for c in _COLUMNS), strict=True)]
        rows = dict(zip((study.study_id for study in studies), table[ROW].tolist(), strict=True))
        studies = present_images(studies, missing, self.root, self.about)
        super().__init__(studies, findings(), split, rows=[rows[study.study_id] for study in studies])
        source = self._reports(reports)
        if source is not None:
            self.records = tuple(with_reports(self.records, source, self.name))

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three patients, one per split, with reports next to the images; the first study has a lateral image too."""
        images = [("10000032", "50414267", "a"), ("10000032", "50414267", "b")]
        images += [("10000764", "57375967", "c"), ("10000898", "50771383", "d")]
        views, splits = ("PA", "LATERAL", "AP", "AP"), ("train", "train", "validate", "test")
        marks = {"50414267": {"No Finding": "1.0"}, "57375967": {"Edema": "-1.0"}, "50771383": {"Pneumonia": "1.0"}}
        names = [f"{name}0000000-00000000-00000000-00000000-00000000" for _, _, name in images]
        keys = [f"{n},{study},{patient}" for n, (patient, study, _) in zip(names, images, strict=True)]
        write_lines(tmp_path / SPLIT, ["dicom_id,study_id,subject_id,split", *_joined(keys, splits)])
        write_lines(tmp_path / METADATA, ["dicom_id,study_id,subject_id,ViewPosition", *_joined(keys, views)])
        patients = {study: patient for patient, study, _ in images}
        rows = [",".join([patients[s], s, *(marks[s].get(label, "") for label in LABELS)]) for s in marks]
        for labeler in ("chexpert", "negbio"):
            write_lines(tmp_path / LABEL_TABLES[labeler], [",".join(("subject_id", "study_id", *LABELS)), *rows])
        for seed, (name, (patient, study, _)) in enumerate(zip(names, images, strict=True)):
            folder = tmp_path / "files" / f"p{patient[:2]}" / f"p{patient}"
            write_radiograph(folder / f"s{study}" / f"{name}{cls.suffix}", seed)
            report = (
                f"FINAL REPORT\n INDICATION: ___.\n\n FINDINGS: The heart is normal.\n\n IMPRESSION: Image {seed}.\n"
            )
            (folder / f"s{study}.txt").write_text(report, encoding="utf-8")
        return tmp_path

    def _images(self, folder: Path) -> pd.DataFrame:
        """One row per image: its ids, split and view. Raises CorpusError."""
        path, metadata = (find_table(folder, (name,), self.about) for name in (SPLIT, METADATA))
        assert path is not None
        assert metadata is not None
        table = read_table(path)
        require_columns(table, {name: name for name in (*_IMAGE, "split")}, path.name)
        for name in set(table["split"]) - set(_SPLITS):
            raise UnknownNameError(f"split in {path.name}", name, _SPLITS)
        table["split"] = table["split"].map(_SPLITS)
        views = read_table(metadata, ["dicom_id", "ViewPosition", "ViewCodeSequence_CodeMeaning"])
        require_columns(views, {"image": "dicom_id", "view": "ViewPosition"}, metadata.name)
        coded = [_CODED_VIEWS.get(view, "") for view in column_of(views, "ViewCodeSequence_CodeMeaning")]
        known = [view or code for view, code in zip(column_of(views, "ViewPosition"), coded, strict=True)]
        table["view"] = table["dicom_id"].map(dict(zip(views["dicom_id"], known, strict=True))).fillna("")
        return table

    def _labels(
        self, folder: Path, labeler: str, uncertain: Uncertain, unlisted: Unlisted
    ) -> dict[str, Mapping[str, Presence]]:
        path = find_table(folder, (LABEL_TABLES[labeler],), self.about)
        assert path is not None
        table = read_table(path).rename(columns=_OTHER_SPELLINGS)
        require_columns(table, {"study": "study_id"}, path.name)
        labels = read_labels(table, path.name, uncertain, unlisted)
        return dict(zip(table["study_id"].tolist(), labels, strict=True))

    def _study(self, cells: Sequence[str], labels: Mapping[str, Mapping[str, Presence]]) -> Study:
        dicom_id, study, patient, split, view = cells
        image = Path(f"{self.root}/files/p{patient[:2]}/p{patient}/s{study}/{dicom_id}{self.suffix}")
        metadata = {"view": view, "study": f"s{study}"} if view else {"study": f"s{study}"}
        return Study(dicom_id, patient, image, None, labels.get(study, {}), metadata, split)

    def _reports(self, given: Path | str | bool | None) -> Path | None:
        """Where the reports are; ``None`` if they are not read."""
        if given is False or (given is None and not self.reports_expected):
            return None
        if given not in (None, True):
            return Path(str(given))
        return self.root / ARCHIVE if (self.root / ARCHIVE).is_file() else self.root


def side_of(view: str) -> Side:
    """Frontal for AP and PA, also of a patient lying on a side; '' for other views (oblique, unknown)."""
    if view in _LATERAL:
        return "lateral"
    return "frontal" if view.partition(" ")[0] in ("AP", "PA") else ""


def _joined(keys: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f"{key},{value}" for key, value in zip(keys, values, strict=True)]

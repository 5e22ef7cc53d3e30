"""A plain folder of DICOM files, however deep, as a scanner, an archive or a download leaves it.

Images are grouped by StudyInstanceUID, patients are identified by PatientID. Files without an image (reports, plans,
structure sets) are left out. Labels come from a table, where there is one:

    labels.csv   study (StudyInstanceUID) or image (SOPInstanceUID), labels (``Mass;-Effusion;?Nodule``), split
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._dicom_files import SHORTCUTS, read_headers, shortcuts
from radz.data.corpora._fakes import write_dicom, write_lines
from radz.data.corpora._labels import Unlisted, complete, findings_of, parse_cell
from radz.data.splits import SPLITS, rows_text
from radz.data.tables import ROW, column_of, read_table
from radz.errors import CorpusError, ImageError, UnknownNameError
from radz.imaging.find import find_images, is_dicom
from radz.knowledge import KnowledgeBase
from radz.types import Presence, Study

LABELS = "labels.csv"
_STUDY, _IMAGE = "StudyInstanceUID", "SOPInstanceUID"
_DESCRIBED = {"modality": "Modality", "body_part": "BodyPartExamined"}
_ORDER = ("SeriesNumber", "InstanceNumber")


class DicomFolder(Corpus):
    """One record per image, those of a study together; a study id is ``StudyInstanceUID/SOPInstanceUID``."""

    name: ClassVar[str] = "dicom_folder"
    about: ClassVar[About] = About(
        title="any folder of DICOM files, grouped by study and patient, with labels from a table, where there is one",
        obtain="your own files; labels.csv with the columns study or image, labels and split, where there are any",
        terms="those of its files",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        labels: Path | str | None = None,
        unlisted: Unlisted = "unlabelled",
        label_separator: str = ";",
        patient: str = "PatientID",
    ) -> None:
        """Open the folder ``root``.

        labels: a CSV or Parquet table, by default ``labels.csv`` in ``root`` where there is one. A row is for all
        images of its study, or for its image; images without a row are unlabelled and in no split. unlisted: presence
        of a finding that a row does not list, ``absent`` or ``unlabelled``. patient: DICOM keyword that identifies
        patients.

        Raises CorpusError for a folder without DICOM images, an image without study or patient, a malformed table or a
        row for an image that is not in the folder; UnknownNameError for a finding or split that does not exist;
        LeakageError for a patient in two splits.
        """
        self.root = Path(root)
        self.policies = {"unlisted": unlisted, "patient": patient}
        images = _images(self.root, patient)
        table = _labels_of(self.root, labels, label_separator)
        _require_images_of(table, images)
        findings = findings_of([row.labels for row in table.values()], KnowledgeBase.load())
        studies = [_study(image, table, findings, unlisted, patient) for image in images]
        super().__init__(studies, findings, split)

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """StudyInstanceUID -> study ids of its images, in the order of series and instance."""
        groups: dict[str, tuple[str, ...]] = {}
        for record in self.records:
            examination = record.study_id.partition("/")[0]
            groups[examination] = (*groups.get(examination, ()), record.study_id)
        return groups

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images of three studies and patients, with a table of labels."""
        rows = ["study,labels,split"]
        for seed, (split, cell) in enumerate(
            zip(SPLITS, ("Mass;?Nodule", "No Finding", "-Mass;Effusion"), strict=True)
        ):
            uids = {"StudyInstanceUID": f"1.2.{seed}", "SOPInstanceUID": f"1.3.{seed}", "PatientID": f"patient-{seed}"}
            write_dicom(
                tmp_path / f"study-{seed}" / "image.dcm", seed, **uids, ViewPosition="PA", BodyPartExamined="CHEST"
            )
            rows.append(f"1.2.{seed},{cell},{split}")
        write_lines(tmp_path / LABELS, rows)
        return tmp_path


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table, for a study or an image."""

    number: int
    labels: Mapping[str, Presence]
    split: str | None


@dataclass(frozen=True, slots=True)
class _Image:
    """A file and its header."""

    path: Path
    header: Mapping[str, str]

    @property
    def keys(self) -> tuple[str, str]:
        """Uids of the image and its study."""
        return self.header[_IMAGE], self.header[_STUDY]


def _images(root: Path, patient: str) -> list[_Image]:
    """The images below ``root``, those of a study together, in the order of series and instance."""
    paths = [path for path in _files(root) if is_dicom(path)]
    wanted = (_STUDY, _IMAGE, patient, "Rows", *_ORDER, *_DESCRIBED.values(), *SHORTCUTS.values())
    read = (_Image(path, header) for path, header in zip(paths, read_headers(paths, wanted), strict=True))
    images = [image for image in read if image.header["Rows"]]
    if not images:
        raise CorpusError(f"{root}: there is no DICOM image in this folder or below. Name the folder that holds them.")
    for keyword, option in {
        _STUDY: "",
        _IMAGE: "",
        patient: " or name another keyword with the option patient",
    }.items():
        if lacking := [image.path for image in images if not image.header[keyword]]:
            raise CorpusError(
                f"{root}: {len(lacking)} of {len(images)} images have no {keyword} (the first: {lacking[0]}). Without "
                f"it studies and patients cannot be identified. Restore it{option}."
            )
    return sorted(images, key=_place)


def _files(root: Path) -> list[Path]:
    try:
        return [path for path in find_images([root]) if path.is_file()] if root.is_dir() else []
    except ImageError:  # a folder without images
        return []


def _place(image: _Image) -> tuple[object, ...]:
    """Studies by their UID, images of a study by series and instance number; those without a number come first."""
    numbers = (image.header[keyword] for keyword in _ORDER)
    return image.header[_STUDY], *(int(n) if n.isdecimal() else -1 for n in numbers), image.header[_IMAGE]


def _labels_of(root: Path, labels: Path | str | None, separator: str) -> dict[str, _Row]:
    """StudyInstanceUID or SOPInstanceUID -> its row; empty if there is no table."""
    path = root / LABELS if labels is None else Path(labels)
    if labels is None and not path.is_file():
        return {}
    table = read_table(path)
    by = [column for column in ("study", "image") if column in table.columns]
    if len(by) != 1:
        raise CorpusError(f"{path}: needs one of the columns 'study' ({_STUDY}) and 'image' ({_IMAGE}), not both.")
    cells = zip(column_of(table, by[0]), column_of(table, "labels"), column_of(table, "split"), table[ROW], strict=True)
    rows: dict[str, _Row] = {}
    for uid, cell, split, number in cells:
        if uid in rows:
            raise CorpusError(f"{path}: {by[0]} is in {rows_text([rows[uid].number, number])}. Give each one row.")
        rows[uid] = _Row(number, _parse(cell, separator, path, number), _split(split, path))
    return rows


def _parse(cell: str, separator: str, path: Path, number: int) -> dict[str, Presence]:
    try:
        return parse_cell(cell, separator, KnowledgeBase.load())
    except CorpusError as error:
        raise CorpusError(f"{path}, row {number}: {error}") from None


def _split(name: str, path: Path) -> str | None:
    if name and name not in SPLITS:
        raise UnknownNameError(f"split in {path}", name, SPLITS)
    return name or None


def _require_images_of(table: Mapping[str, _Row], images: Sequence[_Image]) -> None:
    """Raise CorpusError for rows of images that are not in the folder: such a table is of other files."""
    uids = {key for image in images for key in image.keys}
    if strange := [row.number for uid, row in table.items() if uid not in uids]:
        raise CorpusError(
            f"the table of labels has {len(strange)} studies or images that are not in the folder "
            f"({rows_text(strange)}). Remove these rows, or add the files."
        )


def _study(
    image: _Image, table: Mapping[str, _Row], findings: Sequence[str], unlisted: Unlisted, patient: str
) -> Study:
    row = next((table[key] for key in image.keys if key in table), _Row(0, {}, None))
    described = {key: image.header[keyword] for key, keyword in _DESCRIBED.items() if image.header[keyword]}
    study_id = f"{image.header[_STUDY]}/{image.header[_IMAGE]}"
    labels = complete(row.labels, findings, unlisted)
    metadata = described | shortcuts(image.header)
    return Study(study_id, image.header[patient], image.path, None, labels, metadata, row.split)


plugin = DicomFolder

"""Any table of images: CSV or Parquet, one row per image, with its report, labels, patient and split.

Labels are finding names separated by ``;``: ``X`` present, ``-X`` absent, ``?X`` uncertain.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pandas as pd

from radz.data.corpora._corpus import About, Corpus
from radz.data.corpora._fakes import write_radiograph
from radz.data.corpora._labels import Unlisted, complete, findings_of, parse_cell
from radz.data.faults import notable
from radz.data.splits import SPLITS, rows_text
from radz.data.tables import ROW, column_of, read_table, require_columns, require_filled
from radz.errors import CorpusError, UnknownNameError
from radz.knowledge import KnowledgeBase
from radz.types import Presence, Study

ROLES = ("image", "report", "labels", "patient", "split", "study")
REQUIRED = ("image", "patient")
METADATA = ("source", "view", "sex", "age")
FILES = ("manifest.csv", "manifest.parquet")
NO_PATIENT = "Patients, never images, are split, so every row needs its patient."


class Manifest(Corpus):
    """Studies listed in the user's table."""

    name: ClassVar[str] = "manifest"
    about: ClassVar[About] = About(
        title="any table of images: CSV or Parquet, one row an image",
        obtain="your own table; columns image and patient, and report, labels, split, study where there are any",
        terms="those of its images",
    )

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        where: Mapping[str, object] | None = None,
        unlisted: Unlisted = "unlabelled",
        label_separator: str = ";",
        label_names: Mapping[str, str] | None = None,
        findings: Sequence[str] | None = None,
        metadata: Sequence[str] | None = None,
        inverted: Collection[str] = (),
    ) -> None:
        """Open the table ``root``, or the ``manifest.csv`` or ``manifest.parquet`` in the folder ``root``.

        columns: role -> column name, where they differ; roles are image, report, labels, patient, split, study. Image
        and patient are required. An image path is absolute, or relative to the table's folder and below it. A row
        without study id takes its image path as study id.
        where: column -> value or list of values, compared as text; other rows are not read.
        unlisted: presence of a finding that a row does not list, ``absent`` or ``unlabelled``; an empty cell is
        unlabelled under either. label_names: label as the table writes it -> the same in this notation, e.g.
        {"No tumour": "-brain tumor", "ChestCT": "ct;chest"}; others are read as they are. findings: the only ones
        allowed, by any name; by default all that the rows list.
        metadata: columns kept with each study, by default those of source, view, sex and age that exist.
        inverted: study ids of images to invert.

        Raises CorpusError for a missing or malformed table, column, path or label, UnknownNameError for a role,
        split or finding that does not exist, LeakageError for a patient in two splits.
        """
        self.policies = {"unlisted": unlisted}
        path = _table_path(Path(root))
        names = _column_names(columns or {})
        table = _rows_where(read_table(path), where or {}, str(path))
        _require_roles(table, names, columns or {}, str(path))
        labels = _Labels(table, names["labels"], label_separator, str(path), label_names or {})
        allowed = labels.restrict(findings)
        described = _metadata_columns(table, metadata, str(path))
        studies = _studies(table, names, labels.completed(allowed, unlisted), described, path.parent)
        super().__init__(studies, allowed, split, inverted=inverted, rows=table[ROW].tolist())

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images, one per split, in a CSV with the default columns."""
        lines = ["image,report,labels,patient,split,source,view"]
        for i, (split, labels) in enumerate(zip(SPLITS, ("Mass;?Nodule", "No Finding", "-Mass;Effusion"), strict=True)):
            write_radiograph(tmp_path / "images" / f"{i}.png", seed=i)
            lines.append(f"images/{i}.png,A report.,{labels},patient-{i},{split},fake,PA")
        path = tmp_path / "manifest.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


class _Labels:
    """The label cells of a table, each distinct cell parsed once."""

    def __init__(
        self, table: pd.DataFrame, column: str, separator: str, where: str, renamed: Mapping[str, str]
    ) -> None:
        self.knowledge, self.where, self.rows = KnowledgeBase.load(), where, table[ROW].tolist()
        self.renamed = renamed
        self.cells = column_of(table, column)
        self.parsed: dict[str, dict[str, Presence]] = {}
        for cell, row in zip(self.cells, self.rows, strict=True):
            if cell not in self.parsed:
                self.parsed[cell] = {}
                with notable():
                    self.parsed[cell] = self._parse(cell, separator, row)

    def restrict(self, findings: Sequence[str] | None) -> tuple[str, ...]:
        """Ids of ``findings``, or of all that are listed. Raises CorpusError for a label that is not among them."""
        if findings is None:
            return findings_of(self.parsed.values(), self.knowledge)
        allowed = tuple(dict.fromkeys(self.knowledge[name].id for name in findings))
        outside = {cell: sorted(set(labels) - set(allowed)) for cell, labels in self.parsed.items()}
        rows = [row for cell, row in zip(self.cells, self.rows, strict=True) if outside[cell]]
        if rows:
            raise CorpusError(
                f"{self.where}: labels outside 'findings' ({', '.join(sorted(set().union(*outside.values())))}) in "
                f"{rows_text(rows)}. Add them to 'findings', or leave those rows out with 'where'."
            )
        return allowed

    def completed(self, findings: Sequence[str], unlisted: Unlisted) -> list[Mapping[str, Presence]]:
        """Labels of each row under the policy; rows with the same cell share one mapping."""
        by_cell = {cell: complete(labels, findings, unlisted) for cell, labels in self.parsed.items()}
        return [by_cell[cell] for cell in self.cells]

    def _parse(self, cell: str, separator: str, row: int) -> dict[str, Presence]:
        names = (self.renamed.get(label.strip(), label) for label in cell.split(separator))
        try:
            return parse_cell(separator.join(names), separator, self.knowledge)
        except CorpusError as error:
            raise CorpusError(f"{self.where}: row {row}: {error}") from None


def _table_path(root: Path) -> Path:
    if not root.is_dir():
        return root
    tables = [root / name for name in FILES if (root / name).is_file()]
    if not tables:
        raise CorpusError(f"{root}: holds neither {' nor '.join(FILES)}. Give the path of the table itself.")
    return tables[0]


def _column_names(columns: Mapping[str, str]) -> dict[str, str]:
    for role in columns:
        if role not in ROLES:
            raise UnknownNameError("manifest role", role, ROLES)
    return {role: role for role in ROLES} | dict(columns)


def _rows_where(table: pd.DataFrame, where: Mapping[str, object], path: str) -> pd.DataFrame:
    require_columns(table, {f"where.{column}": column for column in where}, path)
    for column, values in where.items():
        allowed = {str(v) for v in (values if isinstance(values, list | tuple) else [values])}
        table = table[table[column].isin(allowed)]
    if table.empty:
        raise CorpusError(f"{path}: no row has {dict(where)}. Values are compared as text; write them as in the table.")
    return table


def _require_roles(table: pd.DataFrame, names: Mapping[str, str], named: Mapping[str, str], path: str) -> None:
    wanted = {role: name for role, name in names.items() if role in REQUIRED or role in named}
    require_columns(table, wanted, f"{path} (name other columns with the option columns: {{role: column}})")
    require_filled(table, names["patient"], path, NO_PATIENT)
    require_filled(table, names["image"], path, "Every row is one image.")


def _studies(
    table: pd.DataFrame,
    names: Mapping[str, str],
    labels: Sequence[Mapping[str, Presence]],
    metadata: Sequence[str],
    folder: Path,
) -> list[Study]:
    columns = zip(
        _study_ids(table, names),
        column_of(table, names["patient"]),
        _images(table, names["image"], folder),
        column_of(table, names["report"]),
        labels,
        _metadata(table, metadata),
        _splits(table, names["split"]),
        strict=True,
    )
    return [
        Study(study_id, patient, image, report or None, presence, meta, split or None)
        for study_id, patient, image, report, presence, meta, split in columns
    ]


def _study_ids(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    images = column_of(table, names["image"])
    return [study or image for study, image in zip(column_of(table, names["study"]), images, strict=True)]


def _images(table: pd.DataFrame, column: str, folder: Path) -> list[Path]:
    given = [Path(cell) for cell in column_of(table, column)]
    outside = [
        row
        for row, path in zip(table[ROW], given, strict=True)
        if not path.is_absolute() and os.path.normpath(path).startswith("..")
    ]
    if outside:
        raise CorpusError(
            f"{folder}: image paths leave the table's folder in {rows_text(outside)}. Write them relative to it and "
            "below it, or absolute."
        )
    return [folder / path for path in given]


def _splits(table: pd.DataFrame, column: str) -> Sequence[str]:
    cells = column_of(table, column)
    for name in set(cells) - {""}:
        if name not in SPLITS:
            raise UnknownNameError("split in the manifest", name, SPLITS, "An empty cell is in no split.")
    return cells


def _metadata_columns(table: pd.DataFrame, metadata: Sequence[str] | None, path: str) -> list[str]:
    if metadata is None:
        return [name for name in METADATA if name in table.columns]
    require_columns(table, {f"metadata {name}": name for name in metadata}, path)
    return list(metadata)


def _metadata(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, str]]:
    cells = [column_of(table, name) for name in columns]
    if not cells:
        return [{} for _ in range(len(table))]
    return [{n: v for n, v in zip(columns, row, strict=True) if v} for row in zip(*cells, strict=True)]


plugin = Manifest

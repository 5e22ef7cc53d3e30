"""Soft labels: another network's probabilities, mixed into the labels that the tower is warmed up with.

A table has one row per image. Its first column names the image or the study, every other column is a label of the
corpus and holds probabilities. Images without a row, and empty cells, keep their hard labels.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.data.loader import label_matrix
from radz.data.splits import rows_text
from radz.data.tables import ROW, read_table
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.provenance import SoftLabelSource
from radz.storage import file_sha256
from radz.types import Study


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """Probabilities by image and concept.

    rows: name of an image or study -> its row. columns: concept -> its column. values: (N, C) float32, NaN where the
    table is silent. source: what provenance keeps of the table.
    """

    rows: Mapping[str, int]
    columns: Mapping[str, int]
    values: NDArray[np.float32]
    source: SoftLabelSource

    def mixed(self, studies: Sequence[Study], concepts: Sequence[str]) -> Tensor:
        """Targets (B, C): hard labels and probabilities mixed by the weight, or the one that is known; NaN for neither.

        A finding that is uncertain or unlabelled takes the probability alone.
        """
        hard = label_matrix(studies, concepts)
        rows = [[self._probability(study, concept) for concept in concepts] for study in studies]
        soft = torch.tensor(rows, dtype=hard.dtype).reshape(hard.shape)
        both = torch.lerp(hard, soft, self.source.weight)
        return torch.where(both.isnan(), torch.where(hard.isnan(), soft, hard), both)

    def row_of(self, study: Study) -> int | None:
        """The row of the study, by its id or by the name of its image with or without the ending."""
        names = (study.study_id, *((study.image.name, study.image.stem) if study.image is not None else ()))
        return next((self.rows[name] for name in names if name in self.rows), None)

    def _probability(self, study: Study, concept: str) -> float:
        row, column = self.row_of(study), self.columns.get(concept)
        return float("nan") if row is None or column is None else float(self.values[row, column])


def read_soft_labels(
    path: Path, weight: float, studies: Sequence[Study], findings: Sequence[str], held_out: Collection[str] = ()
) -> SoftLabels:
    """The soft labels of ``studies`` in a CSV or Parquet table; columns of ``held_out`` (ids) are not read.

    findings: ids of all labels of the corpus, those that are held out too. Raises CorpusError for a table that cannot
    be read, a column that is no label of the corpus, a cell that is no probability, an image with two rows, and a table
    without any of the studies; UnknownNameError for a column that is no finding at all.
    """
    table = read_table(path)
    key, *labels = (str(column) for column in table.columns if column != ROW)
    concepts = _concepts(path, labels, findings)
    names = table[key].str.strip()
    if (repeated := names.duplicated(keep=False)).any():
        raise CorpusError(f"{path}: several rows name the same image, {rows_text(table[ROW][repeated].tolist())}.")
    trained = [label for label in labels if concepts[label] not in held_out]
    soft = SoftLabels(
        rows={name: i for i, name in enumerate(names)},
        columns={concepts[label]: i for i, label in enumerate(trained)},
        values=_probabilities(path, table, trained),
        source=SoftLabelSource(file=path.name, sha256=file_sha256(path), weight=weight),
    )
    used = sum(soft.row_of(study) is not None for study in studies)
    if not used:
        raise CorpusError(
            f"{path}: column '{key}' names none of the {len(studies)} studies that are trained on. It must hold study "
            f"ids or names of image files, such as '{studies[0].study_id}'."
        )
    return SoftLabels(soft.rows, soft.columns, soft.values, soft.source.model_copy(update={"rows": used}))


def _concepts(path: Path, labels: Sequence[str], findings: Sequence[str]) -> dict[str, str]:
    """Column -> concept id."""
    knowledge = KnowledgeBase.load()
    concepts = {label: knowledge[label].id for label in labels}
    if foreign := sorted(label for label, concept in concepts.items() if concept not in findings):
        raise CorpusError(
            f"{path}: {', '.join(foreign)} are no labels of the corpus. Take these columns out; it has "
            f"{', '.join(findings)}."
        )
    if len(set(concepts.values())) < len(labels):
        raise CorpusError(f"{path}: two columns name the same finding: {', '.join(labels)}. Leave one of them out.")
    return concepts


def _probabilities(path: Path, table: pd.DataFrame, labels: Sequence[str]) -> NDArray[np.float32]:
    """Cells of the columns ``labels``, (N, C) float32, NaN where they are empty."""
    cells = table[list(labels)].apply(lambda column: column.str.strip())
    values = cells.apply(pd.to_numeric, errors="coerce")
    wrong = ((cells != "") & ~((values >= 0) & (values <= 1))).any(axis=1)
    if wrong.any():
        raise CorpusError(
            f"{path}: {rows_text(table[ROW][wrong].tolist())} hold cells that are no probability from 0 to 1. Leave a "
            "cell empty if there is none."
        )
    probabilities: NDArray[np.float32] = values.to_numpy(dtype=np.float32)
    return probabilities

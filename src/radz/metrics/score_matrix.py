"""A table of scores as arrays over studies and findings, and the choice of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.metrics.scores_file import LABEL_ONLY, METADATA, ScoresTable
from radz.types import NORMAL, Presence

UncertainPolicy = Literal["ignore", "ones", "zeros", "separate"]


@dataclass(frozen=True, slots=True)
class ScoreMatrix:
    """The table as arrays: N studies sorted by id, C concepts sorted by name.

    studies, patients, strata: (N,) str. scores: (N, C), NaN where missing. labels: (N, C), 1, 0 or NaN.
    abnormal: (N,) bool, studies that show any finding but NORMAL, scored or not. metadata: column of METADATA ->
    (N,) str. uncertain: (N, C) bool, labels that the corpus calls uncertain.
    """

    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    strata: NDArray[np.str_]
    concepts: tuple[str, ...]
    scores: NDArray[np.float64]
    labels: NDArray[np.float64]
    abnormal: NDArray[np.bool_]
    metadata: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    uncertain: NDArray[np.bool_] | None = None


def as_matrix(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> ScoreMatrix:
    """The table as arrays, (N, C) over studies and scored concepts.

    uncertain: uncertain labels are left out (ignore), count as present (ones) or absent (zeros), or are left out of the
    labels because they form a third class (separate).
    """
    rows = table.rows
    studies, i = np.unique(rows["study"].to_numpy(dtype=str), return_inverse=True)
    concepts, j = np.unique(rows["concept"].to_numpy(dtype=str), return_inverse=True)
    first = np.unique(i, return_index=True)[1]
    scores, labels = (np.full((len(studies), len(concepts)), np.nan) for _ in range(2))
    scores[i, j] = rows["score"]
    labels[i, j] = labels_under(rows, uncertain)
    unsure = np.zeros(labels.shape, dtype=bool)
    unsure[i, j] = rows["presence"] == Presence.UNCERTAIN.value
    text = {column: rows[column].to_numpy(dtype=str)[first] for column in ("patient", "stratum", *METADATA)}
    scored = np.isin(concepts, table.concepts)
    return ScoreMatrix(
        studies=studies,
        patients=text.pop("patient"),
        strata=text.pop("stratum"),
        concepts=tuple(map(str, concepts[scored])),
        scores=scores[:, scored],
        labels=labels[:, scored],
        abnormal=(labels[:, concepts != NORMAL] == 1).any(axis=1),
        metadata=text,
        uncertain=unsure[:, scored],
    )


def without_normal(table: ScoresTable) -> ScoresTable:
    """The table without rows of "no finding". Raises ScoresError if nothing else is left."""
    rows = table.rows[table.rows["concept"] != NORMAL]
    if (rows["note"] == LABEL_ONLY).all():
        raise ScoresError(
            "The table holds no score of a disease: nothing to evaluate. Score findings other than normal."
        )
    return replace(table, rows=rows)


def join_findings(tables: Sequence[ScoresTable]) -> ScoresTable:
    """One table of the findings of several, which share studies but not findings; the provenance is the first's."""
    rows = pd.concat([table.rows for table in tables], ignore_index=True)
    scored = {concept for table in tables for concept in table.concepts}
    label_only = rows["note"] == LABEL_ONLY
    rows = rows[~(label_only & rows["concept"].isin(scored))]
    return replace(tables[0], rows=rows.drop_duplicates(["study", "concept", "note"], ignore_index=True))


def labels_under(rows: pd.DataFrame, uncertain: UncertainPolicy) -> NDArray[np.float64]:
    """Labels of M rows as 1, 0 or NaN, (M,), under a policy for uncertain ones.

    Raises ScoresError for an unknown policy.
    """
    values = {"ignore": np.nan, "ones": 1.0, "zeros": 0.0, "separate": np.nan}
    if uncertain not in values:
        raise ScoresError(f"Unknown policy '{uncertain}' for uncertain labels. Known: {', '.join(values)}.")
    labels = rows["label"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(rows["presence"] == Presence.UNCERTAIN.value, values[uncertain], labels)

"""The raw scores of one evaluation: one row per study and concept, with where they come from.

Every metric is computed from this table and can be computed again from its file, a Parquet file whose schema
metadata holds the provenance as JSON under the key ``radz``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.provenance import software_versions
from radz.types import RESEARCH_USE, Presence

SCHEMA = pa.schema(
    [
        pa.field("study", pa.string(), nullable=False),
        pa.field("patient", pa.string(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("concept", pa.string(), nullable=False),
        pa.field("score", pa.float32()),
        pa.field("label", pa.int8()),
        pa.field("presence", pa.string(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("view", pa.string(), nullable=False),
        pa.field("sex", pa.string(), nullable=False),
        pa.field("age", pa.string(), nullable=False),
        pa.field("distance", pa.float32()),
    ]
)
METADATA = ("source", "view", "sex", "age")
"""Columns that say how a study came about, "" where the corpus does not; older files lack them."""
DISTANCE = "distance"
"""Column: how far the study's film lies from those that the model was calibrated on, null where that is not known."""
LABELS = {Presence.PRESENT: 1, Presence.ABSENT: 0}
UncertainPolicy = Literal["ignore", "ones", "zeros", "separate"]
KEY = b"radz"


@dataclass(frozen=True, slots=True)
class ScoresProvenance:
    """What made a table of scores; saved with it.

    policies: what decided the corpus's films and labels, choice -> value, defaults among them.
    strata: metadata keys that name a study's stratum. exposure: concept -> what the model has seen of it.
    unreadable: study id -> why its image could not be read; such a study has no rows. overlap: what the studies share
    with those that the model was trained on, a line each. claim: "zero-shot", "supervised" or nothing, see
    ``radz.leakage.claims``. calibration: what the model's probabilities, sets and refusals are judged by, see
    ``radz.calibration.attached``; uncalibrated: why there is none. cost: what scoring an image costs (``eval.cost``).
    prompts: the prompt set that the anchors are from, where one was named. control: the shortcut
    control that was scored instead of the films, if any.
    """

    model: str
    fingerprint: str = ""
    corpus: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    split_hash: str = ""
    anchors: str = ""
    strata: tuple[str, ...] = ()
    exposure: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    overlap: tuple[str, ...] = ()
    claim: str = ""
    seed: int = 0
    software: Mapping[str, str] = field(default_factory=software_versions)
    notice: str = RESEARCH_USE
    fold: str = ""
    prompts: str = ""
    control: str = ""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    uncalibrated: str = ""
    cost: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoresTable:
    """rows: the columns of ``SCHEMA``; label 1, 0 or null (uncertain or unlabelled: ``presence`` says which)."""

    rows: pd.DataFrame
    provenance: ScoresProvenance

    @property
    def concepts(self) -> tuple[str, ...]:
        """Concepts in order of appearance."""
        return tuple(self.rows["concept"].unique())


@dataclass(frozen=True, slots=True)
class ScoreMatrix:
    """The table as arrays: N studies sorted by id, C concepts sorted by name.

    studies, patients, strata: (N,) str. scores: (N, C), NaN where there is none. labels: (N, C), 1, 0 or NaN.
    metadata: column of METADATA -> (N,) str. uncertain: (N, C) bool, what the corpus calls uncertain.
    """

    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    strata: NDArray[np.str_]
    concepts: tuple[str, ...]
    scores: NDArray[np.float64]
    labels: NDArray[np.float64]
    metadata: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    uncertain: NDArray[np.bool_] | None = None


def write_scores(table: ScoresTable, path: Path) -> None:
    """Write the table as Parquet; the file appears whole or not at all. Raises ScoresError for a bad table."""
    check_rows(table.rows, str(path))
    arrow = pa.Table.from_pandas(table.rows, schema=SCHEMA, preserve_index=False)
    arrow = arrow.replace_schema_metadata({KEY: json.dumps(asdict(table.provenance), ensure_ascii=False, default=str)})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        pq.write_table(arrow, unfinished, compression="zstd")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_scores(path: Path) -> ScoresTable:
    """Read a table that ``write_scores`` wrote.

    Raises ScoresError for a file that is missing, is no Parquet, lacks columns or provenance, or holds labels
    other than 1, 0 and null, scores that are missing without a note, or a study and concept twice.
    """
    try:
        arrow = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ScoresError(
            f"Cannot read {path} as Parquet scores: {error}. `radz evaluate` writes such files."
        ) from None
    rows = _typed(arrow.to_pandas(), str(path))
    check_rows(rows, str(path))
    return ScoresTable(rows, _provenance((arrow.schema.metadata or {}).get(KEY), path))


def make_rows(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Rows from columns of ``study, patient, stratum, concept, score, presence, note`` and, where known, METADATA.

    The label follows presence.
    """
    frame = pd.DataFrame(columns)
    frame["label"] = frame["presence"].map({p.value: label for p, label in LABELS.items()})
    return _typed(frame, "the scores")


def check_rows(rows: pd.DataFrame, where: str) -> None:
    """Raise ScoresError for the first thing that makes the rows unfit for evaluation; ``where`` names the file."""
    _need_columns(rows, where)
    _need_none(
        rows,
        (rows["study"] == "") | (rows["patient"] == "") | (rows["concept"] == ""),
        where,
        "no study, patient or concept id",
    )
    _need_none(rows, ~rows["presence"].isin([p.value for p in Presence]), where, f"a presence not in {[*Presence]}")
    expected = rows["presence"].map({p.value: label for p, label in LABELS.items()}).astype("Int8")
    agree = (rows["label"] == expected).fillna(False) | (rows["label"].isna() & expected.isna())
    _need_none(rows, ~agree, where, "a label other than 1 for present, 0 for absent and null for the rest")
    _need_none(rows, np.isinf(rows["score"]), where, "an infinite score")
    _need_none(rows, rows["score"].isna() & (rows["note"] == ""), where, "no score and no note that says why")
    _need_none(rows, rows.duplicated(["study", "concept"]), where, "a study and concept that came before")
    for column in ("patient", "stratum", *METADATA, DISTANCE):
        moved = rows.groupby("study")[column].transform("nunique") > 1
        _need_none(rows, moved, where, f"a study with more than one {column}")


def as_matrix(table: ScoresTable, uncertain: UncertainPolicy = "ignore") -> ScoreMatrix:
    """The table as arrays.

    uncertain: uncertain labels count for nothing (ignore), as present (ones), as absent (zeros), or for nothing here
    because they are a class of their own (separate).
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
    patients, strata = text.pop("patient"), text.pop("stratum")
    return ScoreMatrix(studies, patients, strata, tuple(map(str, concepts)), scores, labels, text, unsure)


def scores_sha256(table: ScoresTable) -> str:
    """Hash of every study, finding, score and label, whatever the order of the rows."""
    rows = table.rows[["study", "concept", "score", "presence"]].sort_values(["study", "concept"])
    return hashlib.sha256(rows.to_csv(index=False, float_format="%.9g").encode()).hexdigest()


def labels_under(rows: pd.DataFrame, uncertain: UncertainPolicy) -> NDArray[np.float64]:
    """Labels of the rows as 1, 0 or NaN under a policy for uncertain ones. Raises ScoresError for another policy."""
    values = {"ignore": np.nan, "ones": 1.0, "zeros": 0.0, "separate": np.nan}
    if uncertain not in values:
        raise ScoresError(f"Unknown policy '{uncertain}' for uncertain labels. Known: {', '.join(values)}.")
    labels = rows["label"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(rows["presence"] == Presence.UNCERTAIN.value, values[uncertain], labels)


def _typed(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    absent: dict[str, Any] = {**dict.fromkeys(METADATA, ""), DISTANCE: np.nan}
    frame = frame.assign(**{name: value for name, value in absent.items() if name not in frame.columns})
    _need_columns(frame, where)
    text = {name: "str" for name in ("study", "patient", "stratum", "concept", "presence", "note", *METADATA)}
    missing = [name for name in text if frame[name].isna().any()]
    if missing:
        raise ScoresError(f"{where}: column(s) {', '.join(missing)} must be filled in every row, some are null.")
    try:
        typed = frame.astype({**text, "score": "float32", "label": "Int8", DISTANCE: "float32"})
    except (TypeError, ValueError) as error:
        raise ScoresError(f"{where}: scores must be numbers and labels 1, 0 or null: {error}.") from None
    return typed[list(SCHEMA.names)].reset_index(drop=True)


def _need_columns(rows: pd.DataFrame, where: str) -> None:
    missing = [name for name in SCHEMA.names if name not in rows.columns]
    if missing:
        raise ScoresError(
            f"{where}: column(s) {', '.join(missing)} missing. Found {', '.join(map(str, rows.columns)) or 'none'}; "
            f"a table of scores has {', '.join(SCHEMA.names)}."
        )


def _need_none(rows: pd.DataFrame, bad: Any, where: str, what: str) -> None:
    count = int(np.count_nonzero(bad))
    if count:
        i = int(np.flatnonzero(bad)[0])
        score, label, presence, concept = rows.iloc[i][["score", "label", "presence", "concept"]]
        raise ScoresError(
            f"{where}: {count} row(s) have {what}. First: row {i + 1}, concept '{concept}', score {score}, label "
            f"{label}, presence '{presence}'. Write the scores again."
        )


def _provenance(saved: bytes | None, path: Path) -> ScoresProvenance:
    if saved is None:
        raise ScoresError(f"{path} has no provenance in its schema metadata: it was not written by `radz evaluate`.")
    try:
        values = json.loads(saved)
        known = {f.name for f in fields(ScoresProvenance)}
        values = {name: value for name, value in values.items() if name in known}  # a newer radz may say more
        lists = {name: tuple(values.get(name, ())) for name in ("strata", "overlap")}
        return ScoresProvenance(**values | lists)
    except (ValueError, TypeError, AttributeError) as error:
        raise ScoresError(f"{path} has damaged provenance: {error}. Write the scores again.") from None

"""The raw scores of one evaluation: one row per study and concept, with provenance.

Every metric is computed from this table and can be recomputed from its file, a Parquet file whose schema metadata
holds the provenance as JSON under the key ``radz``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from radz.errors import ScoresError
from radz.provenance import software_versions
from radz.storage import atomic_file, content_hash, shortened
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
"""Columns that describe a study, "" where the corpus does not say; older files lack them."""
DISTANCE = "distance"
"""Column: distance of the study's image from the calibration images, null where unknown."""
LABELS = {Presence.PRESENT: 1, Presence.ABSENT: 0}
LABEL_ONLY = "label only: not among the findings that were scored"
"""Note of rows for findings that a study shows but that were not scored. They only say which studies are abnormal."""
KEY = b"radz"
AGAIN = "Write the scores again."


@dataclass(frozen=True, slots=True)
class ScoresProvenance:
    """How a table of scores was made; saved with it.

    policies: choices that decide the corpus's images and labels, choice -> value, defaults included.
    strata: metadata keys that form a study's stratum. exposure: concept -> what the model has seen of it.
    unreadable: study id -> why its image could not be read; such a study has no rows. overlap: what the studies share
    with the training studies, a line each. overlap_checked: whether that could be told; false in files of radz 0.1.
    claim: "zero-shot", "supervised" or empty, see ``radz.leakage.claims``.
    calibration: the calibration that probabilities, sets and refusals are assessed with, see
    ``radz.calibration.attached``; uncalibrated: why there is none. cost: what scoring an image costs (``eval.cost``).
    prompts: the prompt set of the anchors, where one was named. control: the shortcut control that was scored instead
    of the images, if any. frequency: concept -> how frequent it is elsewhere, for the constant list that rankings are
    compared with; frequency_of: whose frequency, or why there is none. reference: statistics of reference images that
    percentiles are computed with, see ``radz.calibration.reference``.
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
    overlap_checked: bool = False
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
    frequency: Mapping[str, float] = field(default_factory=dict)
    frequency_of: str = "not recorded in these scores"
    reference: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoresTable:
    """rows: the columns of ``SCHEMA``; label 1, 0 or null (uncertain or unlabelled: ``presence`` says which)."""

    rows: pd.DataFrame
    provenance: ScoresProvenance

    @property
    def concepts(self) -> tuple[str, ...]:
        """Scored concepts in order of appearance."""
        return tuple(self.rows.loc[self.rows["note"] != LABEL_ONLY, "concept"].unique())


def write_scores(table: ScoresTable, path: Path) -> None:
    """Write the table as Parquet, atomically. Raises ScoresError for a bad table."""
    check_rows(table.rows, str(path))
    arrow = pa.Table.from_pandas(table.rows, schema=SCHEMA, preserve_index=False)
    arrow = arrow.replace_schema_metadata({KEY: json.dumps(asdict(table.provenance), ensure_ascii=False, default=str)})
    with atomic_file(path) as partial:
        pq.write_table(arrow, partial, compression="zstd")


def read_scores(path: Path) -> ScoresTable:
    """Read a table that ``write_scores`` wrote.

    Raises ScoresError for a file that is missing, is not Parquet, lacks columns or provenance, or has labels other than
    1, 0 and null, missing scores without a note, or a study and concept twice.
    """
    try:
        arrow = pq.read_table(path, partitioning=None)
        frame = arrow.to_pandas(ignore_metadata=True)
    except (OSError, ValueError, TypeError, OverflowError, MemoryError, pa.ArrowException) as error:
        raise ScoresError(
            f"Cannot read {path} as Parquet scores: {shortened(error)}. Run `radz evaluate` to write such a file."
        ) from None
    rows = _typed(frame, str(path))
    check_rows(rows, str(path))
    return ScoresTable(rows, _provenance((arrow.schema.metadata or {}).get(KEY), path))


def make_rows(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Rows from columns (M,) ``study, patient, stratum, concept, score, presence, note`` and, where known, METADATA.

    The label follows from the presence.
    """
    frame = pd.DataFrame(columns)
    frame["label"] = frame["presence"].map({p.value: label for p, label in LABELS.items()})
    return _typed(frame, "the scores")


def check_rows(rows: pd.DataFrame, where: str) -> None:
    """Raise ScoresError for the first fault of the rows; ``where`` names the file."""
    _require_columns(rows, where)
    _refuse_rows(
        rows,
        (rows["study"] == "") | (rows["patient"] == "") | (rows["concept"] == ""),
        where,
        "no study, patient or concept id",
    )
    _refuse_rows(rows, ~rows["presence"].isin([p.value for p in Presence]), where, f"a presence not in {[*Presence]}")
    expected = rows["presence"].map({p.value: label for p, label in LABELS.items()}).astype("Int8")
    agree = (rows["label"] == expected).fillna(False) | (rows["label"].isna() & expected.isna())
    _refuse_rows(rows, ~agree, where, "a label other than 1 for present, 0 for absent and null for the rest")
    _refuse_rows(rows, np.isinf(rows["score"]), where, "an infinite score")
    _refuse_rows(rows, rows["score"].isna() & (rows["note"] == ""), where, "no score and no note that says why")
    _refuse_rows(rows, rows.duplicated(["study", "concept"]), where, "a study and concept that came before")
    for column in ("patient", "stratum", *METADATA, DISTANCE):
        moved = rows.groupby("study")[column].transform("nunique") > 1
        _refuse_rows(rows, moved, where, f"a study with more than one {column}")


def scores_sha256(table: ScoresTable) -> str:
    """Hash of every study, finding, score and label; the order of the rows does not matter."""
    rows = table.rows[["study", "concept", "score", "presence"]].sort_values(["study", "concept"])
    return content_hash(rows.to_csv(index=False, float_format="%.9g"))


def _typed(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """The frame with the columns of SCHEMA, in order and with their types; columns that older files lack are added."""
    absent: dict[str, Any] = {**dict.fromkeys(METADATA, ""), DISTANCE: np.nan}
    frame = frame.assign(**{name: value for name, value in absent.items() if name not in frame.columns})
    _require_columns(frame, where)
    text = {name: "str" for name in ("study", "patient", "stratum", "concept", "presence", "note", *METADATA)}
    missing = [name for name in text if frame[name].isna().any()]
    if missing:
        raise ScoresError(
            f"{where}: column(s) {', '.join(missing)} must be filled in every row, some are null. {AGAIN}"
        )
    try:
        typed = frame.astype({**text, "score": "float32", "label": "Int8", DISTANCE: "float32"})
    except (TypeError, ValueError, OverflowError) as error:
        raise ScoresError(
            f"{where}: scores must be numbers and labels 1, 0 or null: {shortened(error)}. {AGAIN}"
        ) from None
    return typed[list(SCHEMA.names)].reset_index(drop=True)


def _require_columns(rows: pd.DataFrame, where: str) -> None:
    """Raise ScoresError unless all columns of SCHEMA are present."""
    missing = [name for name in SCHEMA.names if name not in rows.columns]
    if missing:
        raise ScoresError(
            f"{where}: column(s) {', '.join(missing)} missing. Found {', '.join(map(str, rows.columns)) or 'none'}; "
            f"a table of scores has {', '.join(SCHEMA.names)}."
        )


def _refuse_rows(rows: pd.DataFrame, bad: Any, where: str, what: str) -> None:
    """Raise ScoresError with the first row where ``bad`` (M,) bool is true; ``what`` describes the fault."""
    count = int(np.count_nonzero(bad))
    if count:
        i = int(np.flatnonzero(bad)[0])
        score, label, presence, concept = rows.iloc[i][["score", "label", "presence", "concept"]]
        raise ScoresError(
            f"{where}: {count} row(s) have {what}. First: row {i + 1}, concept '{concept}', score {score}, label "
            f"{label}, presence '{presence}'. {AGAIN}"
        )


def _provenance(saved: bytes | None, path: Path) -> ScoresProvenance:
    """Provenance from the schema metadata. Raises ScoresError if it is missing or damaged."""
    if saved is None:
        raise ScoresError(
            f"{path} has no provenance in its schema metadata: it was not written by `radz evaluate`. "
            "Give a file that was."
        )
    try:
        values = json.loads(saved)
        known = {f.name for f in fields(ScoresProvenance)}
        values = {name: value for name, value in values.items() if name in known}  # a newer radz may add fields
        lists = {name: tuple(values.get(name, ())) for name in ("strata", "overlap")}
        return ScoresProvenance(**values | lists)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ScoresError(f"{path} has damaged provenance: {shortened(error)}. {AGAIN}") from None

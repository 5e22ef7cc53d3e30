"""The scores file: what is written is read back, and a bad file is refused with its reason."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval_fakes import make_table
from radz.errors import ScoresError
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, read_scores, write_scores
from radz.types import RESEARCH_USE


@pytest.fixture
def table() -> ScoresTable:
    table = make_table([0.5, 0.25, np.nan, 0.1], [1, 0, 1, np.nan], strata="aabb", patients="ppqr")
    provenance = ScoresProvenance(
        "radz",
        "f1",
        "fake",
        {"low_res": False},
        "test",
        "5p",
        "names",
        ("source",),
        {"effusion": "unseen"},
        {"x": "cut"},
    )
    return replace(table, provenance=provenance)


def test_a_table_is_read_back_as_it_was_written(table, tmp_path):
    path = tmp_path / "new" / "scores.parquet"
    write_scores(table, path)
    again = read_scores(path)
    pd.testing.assert_frame_equal(again.rows, table.rows)
    assert again.provenance == table.provenance
    assert [p.name for p in path.parent.iterdir()] == ["scores.parquet"], "no unfinished file is left"


def test_other_tools_can_read_the_file(table, tmp_path):
    write_scores(table, tmp_path / "s.parquet")
    rows = pq.read_table(tmp_path / "s.parquet")
    assert rows.column_names[:6] == ["study", "patient", "stratum", "concept", "score", "label"]
    assert rows["label"].to_pylist() == [1, 0, 1, None]
    assert rows["presence"].to_pylist()[3] == "uncertain", "uncertain is not lost in null"
    saved = json.loads(rows.schema.metadata[b"radz"])
    assert saved["notice"] == RESEARCH_USE
    assert saved["software"]["numpy"] == np.__version__


def set_cell(column, value, row=0):
    def plant(rows):
        rows = rows.astype({column: object})
        rows.loc[row, column] = value
        return rows

    return plant


FAULTS = {
    "column": (lambda rows: rows.drop(columns=["label", "score"]), r"column\(s\) score, label missing.*Found study"),
    "label": (set_cell("label", 2), "a label other than 1 for present, 0 for absent and null"),
    "label against presence": (set_cell("label", 0), "a label other than 1 for present"),
    "uncertain as a label": (set_cell("label", 1, row=3), "a label other than 1 for present.*presence 'uncertain'"),
    "label text": (set_cell("label", "yes"), "labels 1, 0 or null"),
    "presence": (set_cell("presence", "maybe"), "a presence not in .*'?uncertain"),
    "null": (set_cell("patient", None), r"column\(s\) patient must be filled in every row"),
    "empty id": (set_cell("study", ""), "no study, patient or concept id"),
    "nan": (set_cell("note", "", row=2), "no score and no note that says why.*First: row 3,"),
    "infinity": (set_cell("score", np.inf), "an infinite score"),
    "twice": (lambda rows: pd.concat([rows, rows[:1]]), "a study and concept that came before.*First: row 5,"),
    "two patients": (
        lambda rows: pd.concat([rows, rows[:1].assign(concept="edema", patient="z")]),
        "a study with more than one patient",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_refused(table, tmp_path, fault):
    plant, message = FAULTS[fault]
    path = tmp_path / "bad.parquet"
    write_scores(table, path)
    metadata = pq.read_schema(path).metadata
    rows = plant(table.rows).infer_objects()
    rows = rows.astype({c: str for c in rows if c == "label" and fault == "label text"})
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(metadata), path)
    with pytest.raises(ScoresError, match=message):
        read_scores(path)


def test_what_is_no_scores_file_is_refused(table, tmp_path):
    with pytest.raises(ScoresError, match=r"Cannot read .*absent\.parquet"):
        read_scores(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(ScoresError, match=r"Cannot read .*text\.parquet as Parquet"):
        read_scores(tmp_path / "text.parquet")
    pq.write_table(pa.Table.from_pandas(table.rows), tmp_path / "bare.parquet")
    with pytest.raises(ScoresError, match="no provenance in its schema metadata"):
        read_scores(tmp_path / "bare.parquet")
    for damaged in (b"{", b"[]", b"{}"):
        arrow = pa.Table.from_pandas(table.rows).replace_schema_metadata({b"radz": damaged})
        pq.write_table(arrow, tmp_path / "damaged.parquet")
        with pytest.raises(ScoresError, match="damaged provenance"):
            read_scores(tmp_path / "damaged.parquet")


def test_a_bad_table_is_not_written_over_a_good_file(table, tmp_path):
    path = tmp_path / "scores.parquet"
    write_scores(table, path)
    with pytest.raises(ScoresError, match="an infinite score"):
        write_scores(replace(table, rows=table.rows.assign(score=np.float32(np.inf))), path)
    assert len(read_scores(path).rows) == 4


def test_an_interrupted_write_leaves_the_old_file(table, tmp_path, monkeypatch):
    path = tmp_path / "scores.parquet"
    write_scores(table, path)

    def stop(arrow, where, **_):
        where.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", stop)
    with pytest.raises(KeyboardInterrupt):
        write_scores(table, path)
    assert len(read_scores(path).rows) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["scores.parquet"]

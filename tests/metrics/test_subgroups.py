"""Groups of studies by view, sex, age band and source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from eval_fakes import Brightness, make_anchors, make_corpus, make_table, score_corpus
from radz.metrics.ranking import auroc
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import read_scores, write_scores
from radz.metrics.subgroups import age_band
from radz.metrics.summary import summarise


def with_metadata(table, **columns):
    return replace(table, rows=table.rows.assign(**columns))


def test_each_group_is_evaluated_on_its_own_studies():
    rng = np.random.default_rng(0)
    labels = np.tile([1.0, 0.0], 60)
    sex = np.repeat(["F", "M"], 60)
    scores = rng.normal(size=120) + labels * np.where(sex == "F", 3, 0)
    table = with_metadata(make_table(scores, labels), sex=sex, view="PA")
    groups = {(g.kind, g.group): g for g in summarise(table, draws=50, study_groups=True).study_groups}
    assert set(groups) == {("sex", "F"), ("sex", "M")}, "a kind with one value would repeat the whole"
    women = groups["sex", "F"]
    assert (women.studies, women.patients, women.positives, women.concepts) == (60, 60, 30, ("effusion",))
    assert women.auroc_within.value == pytest.approx(auroc(scores[:60], labels[:60]))
    assert women.auroc_within.interval.low < women.auroc_within.value < women.auroc_within.interval.high
    assert women.everyone == groups["sex", "M"].everyone == pytest.approx(auroc(scores, labels))
    assert women.auroc_within.value > groups["sex", "M"].auroc_within.value


def test_a_small_group_says_what_it_averages():
    labels = np.tile([1.0, 0.0], 20)
    age = np.where(np.arange(40) < 8, "17", "57")
    age[-1] = "unknown"
    table = with_metadata(make_table(np.arange(40.0), labels), age=age)
    groups = {g.group: g for g in summarise(table, draws=20, study_groups=True).study_groups}
    assert [*groups] == ["0-17", "40-64", "not stated"]
    assert groups["0-17"].concepts == (), "4 positives"
    assert np.isnan(groups["0-17"].auroc_within.value)
    assert groups["40-64"].concepts == ("effusion",)


def test_age_bands():
    ages = {"0": "0-17", "17.9": "0-17", "18": "18-39", "64": "40-64", "65": "65 and above", "104": "65 and above"}
    assert {age: age_band(age) for age in ages} == ages
    assert {age_band(age) for age in ("", "Y", "-3", "nan", "111", "155", "414", "inf")} == {"not stated"}


def test_metadata_travels_with_the_scores(tmp_path):
    table = score_corpus(Brightness(), make_corpus(20), make_anchors())
    write_scores(table, tmp_path / "s.parquet")
    matrix = as_matrix(read_scores(tmp_path / "s.parquet"))
    corpus = {s.study_id: s for s in make_corpus(20).studies}
    assert matrix.metadata["source"].tolist() == [corpus[s].metadata["source"] for s in matrix.studies]
    assert set(matrix.metadata["view"]) == {"", "PA"}
    older = pq.read_table(tmp_path / "s.parquet").drop_columns(["source", "view", "sex", "age"])
    pq.write_table(older, tmp_path / "older.parquet")
    again = read_scores(tmp_path / "older.parquet")
    assert summarise(again, draws=5, study_groups=True).study_groups == (), "an older file tells no groups apart"

"""A table of scores as arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eval_fakes import make_table
from radz.errors import ScoresError
from radz.metrics.score_matrix import as_matrix, join_findings, without_normal
from radz.metrics.scores_file import LABEL_ONLY, ScoresTable, check_rows, read_scores, write_scores
from radz.types import NORMAL


@pytest.fixture
def table() -> ScoresTable:
    return make_table([0.5, 0.25, np.nan, 0.1], [1, 0, 1, np.nan], strata="aabb", patients="ppqr")


def test_matrix_is_sorted_and_follows_the_policy_for_uncertain(table):
    matrix = as_matrix(replace(table, rows=table.rows.iloc[::-1]))
    assert matrix.studies.tolist() == ["s0000", "s0001", "s0002", "s0003"]
    assert matrix.patients.tolist() == ["p", "p", "q", "r"]
    assert matrix.strata.tolist() == ["a", "a", "b", "b"]
    np.testing.assert_array_equal(matrix.labels[:, 0], [1, 0, 1, np.nan])
    np.testing.assert_array_equal(as_matrix(table, "ones").labels[:, 0], [1, 0, 1, 1])
    np.testing.assert_array_equal(as_matrix(table, "zeros").labels[:, 0], [1, 0, 1, 0])
    with pytest.raises(ScoresError, match=r"Unknown policy 'guess'.*ignore, ones, zeros"):
        as_matrix(table, "guess")


def test_findings_that_were_not_scored_only_say_which_studies_are_abnormal(table, tmp_path):
    shown = table.rows.iloc[[1, 2]].assign(concept="edema", presence="present", label=1, score=np.nan, note=LABEL_ONLY)
    both = replace(table, rows=pd.concat([table.rows, shown.astype(table.rows.dtypes)], ignore_index=True))
    write_scores(both, tmp_path / "s.parquet")
    again = read_scores(tmp_path / "s.parquet")
    assert again.concepts == ("effusion",)
    matrix = as_matrix(again)
    assert matrix.concepts == ("effusion",)
    assert matrix.scores.shape == matrix.labels.shape == matrix.uncertain.shape == (4, 1)
    assert matrix.abnormal.tolist() == [True, True, True, False], "of study 1 only the edema"
    assert as_matrix(table).abnormal.tolist() == [True, False, True, False]
    with pytest.raises(ScoresError, match="no score of a disease"):
        without_normal(replace(both, rows=shown))


def test_no_finding_makes_no_study_abnormal(table):
    normal = table.rows.assign(concept=NORMAL, presence="present", label=1).astype(table.rows.dtypes)
    both = replace(table, rows=pd.concat([table.rows, normal], ignore_index=True))
    assert as_matrix(both).abnormal.tolist() == as_matrix(table).abnormal.tolist()
    assert as_matrix(without_normal(both)).concepts == ("effusion",)


def test_uncertain_findings_make_a_study_abnormal_where_they_count_as_present(table):
    assert as_matrix(table, "ones").abnormal.tolist() == [True, False, True, True]
    assert as_matrix(table, "zeros").abnormal.tolist() == [True, False, True, False]


def test_findings_of_several_tables_are_joined_and_scores_replace_bare_labels(table):
    edema = table.rows.assign(concept="edema", score=np.float32(0.7), note="")
    bare = edema[:1].assign(score=np.float32(np.nan), note=LABEL_ONLY, presence="present", label=1)
    mass = bare.assign(concept="mass")
    first = replace(table, rows=pd.concat([table.rows, bare.astype(table.rows.dtypes), mass], ignore_index=True))
    second = replace(table, rows=pd.concat([edema, mass], ignore_index=True))
    joined = join_findings([first, second])
    check_rows(joined.rows, "joined")
    assert joined.concepts == ("effusion", "edema")
    assert as_matrix(joined).scores[:, 0].tolist() == [np.float32(0.7)] * 4
    assert (joined.rows["concept"] == "mass").sum() == 1

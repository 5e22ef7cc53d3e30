"""Rows with one score for all findings of a study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eval_fakes import make_table
from radz.errors import ScoresError
from radz.metrics.references import NO_STUDY_SCORE, abnormality, any_finding, study_scores
from radz.metrics.scores_file import ScoresTable, check_rows
from radz.metrics.summary import compare, summarise
from radz.types import NORMAL

N = 240
RNG = np.random.default_rng(0)
SICK = RNG.random(N) < 0.5
LABELS = {concept: (SICK & (RNG.random(N) < 0.4)).astype(float) for concept in ("mass", "nodule", "effusion")}
SHOWS_ANY = np.any(list(LABELS.values()), axis=0)


@pytest.fixture(scope="module")
def table() -> ScoresTable:
    """Scores that know each finding a little, in two strata; one study of mass has no score."""
    tables = []
    for concept, labels in LABELS.items():
        scores = np.random.default_rng(len(concept)).normal(size=N) + labels
        scores[3] = np.nan if concept == "mass" else scores[3]
        tables.append(make_table(scores, labels, concept=concept, strata=np.arange(N) % 2, model="radz"))
    return ScoresTable(pd.concat([t.rows for t in tables]), tables[0].provenance)


def with_normal(table, scores):
    normal = make_table(scores, (~SHOWS_ANY).astype(float), concept=NORMAL, strata=np.arange(N) % 2)
    return ScoresTable(pd.concat([table.rows, normal.rows]), table.provenance)


def test_the_oracle_bit_cannot_tell_findings_apart(table):
    evaluation = summarise(any_finding(table), draws=50)
    assert evaluation.provenance.model == "any_finding"
    assert len(evaluation.findings) == 3
    for result in (*evaluation.findings, evaluation.macro):
        abnormal = result.auroc_abnormal
        assert (abnormal.value, abnormal.interval.low, abnormal.interval.high) == (0.5, 0.5, 0.5)
        assert result.auroc_within.value > 0.75, "but it tells normal from abnormal"


def test_the_oracle_bit_is_a_function_of_the_labels_alone(table):
    shuffled = ScoresTable(table.rows.assign(score=table.rows["score"] * -7), table.provenance)
    pd.testing.assert_frame_equal(any_finding(shuffled).rows, any_finding(table).rows)
    with_scores = with_normal(table, np.zeros(N))
    pd.testing.assert_frame_equal(any_finding(with_scores).rows, any_finding(table).rows)


def test_the_row_covers_what_the_model_scored_and_can_be_compared_with_it(table):
    row = any_finding(table)
    check_rows(row.rows, "the row")
    assert row.rows["score"].isna().tolist() == table.rows["score"].isna().tolist()
    comparison = compare(table, row, draws=50)
    assert comparison.auroc_abnormal.value > 0
    assert comparison.auroc_within.value < 0


def test_abnormality_is_minus_the_score_of_no_finding(table):
    normal = np.linspace(1, -1, N)
    row = abnormality(with_normal(table, normal))
    assert row.provenance.model == "radz abnormality"
    assert set(row.concepts) == set(LABELS)
    effusion = row.rows[row.rows["concept"] == "effusion"]
    assert effusion["score"].to_numpy() == pytest.approx(-normal, abs=1e-6)
    with pytest.raises(ScoresError, match="scores of 'radz' do not include 'no_finding'"):
        abnormality(table)


def test_a_study_without_a_score_says_so(table):
    row = study_scores(table, {f"s{i:04d}": float(i) for i in range(N - 1)}, "brightness")
    check_rows(row.rows, "the row")
    last = row.rows[row.rows["study"] == f"s{N - 1:04d}"]
    assert last["score"].isna().all()
    assert set(last["note"]) == {NO_STUDY_SCORE}
    assert row.provenance.model == "brightness"
    assert row.provenance.fingerprint == ""

"""The macro average and the averages of disease groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eval_fakes import make_table
from radz.metrics.averages import evaluate_macro
from radz.metrics.finding_evaluation import SummaryOptions
from radz.metrics.finding_ranks import rank_all
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import summarise

GROUPS = {"pneumonia": "infectious", "lobar": "infectious", "custom": "other"}


def test_macro_is_the_mean_and_a_source_averages_the_findings_it_has_thresholds_for():
    labels = np.tile([1.0, 0.0], 20)
    tables = [make_table(s * labels, labels, concept=c) for c, s in {"mass": 1, "nodule": -1}.items()]
    matrix = as_matrix(ScoresTable(pd.concat([t.rows for t in tables]), tables[0].provenance))
    ranks = rank_all(matrix)
    cuts = {"validation": {"mass": 0.5}, "oracle": {"mass": 0.5, "nodule": 0.5}}
    macro = evaluate_macro(matrix, ranks, cuts, SummaryOptions(20, 0, 10))
    assert macro.concepts == ("mass", "nodule")
    assert macro.auroc_within.value == pytest.approx(0.5), "1 and 0"
    validation, oracle = macro.operating
    assert (validation.concepts, validation.sensitivity.value) == (("mass",), 1.0)
    assert (oracle.concepts, oracle.sensitivity.value) == (("mass", "nodule"), 0.5)


def test_groups_average_their_findings_within_strata():
    labels = np.tile([1.0, 0.0], 20)
    right, wrong = labels, -labels
    tables = {
        c: make_table(s, labels, concept=c) for c, s in {"pneumonia": right, "lobar": wrong, "custom": right}.items()
    }
    table = ScoresTable(pd.concat([t.rows for t in tables.values()]), tables["custom"].provenance)
    groups = summarise(table, draws=20, groups=GROUPS).groups
    assert [(g.group, g.findings, g.concepts, g.positives) for g in groups] == [
        ("infectious", 2, ("lobar", "pneumonia"), 20),
        ("other", 1, ("custom",), 20),
    ]
    assert [g.auroc_within.value for g in groups] == [0.5, 1.0]
    assert groups[1].auroc_within.interval.low == 1.0


def test_a_group_of_too_few_positives_has_no_number_but_its_counts():
    table = make_table(np.arange(12.0), np.repeat([1.0, 0.0], [2, 10]), concept="mass")
    (group,) = summarise(table, draws=20, groups={"mass": "neoplastic"}).groups
    assert (group.findings, group.concepts, group.positives) == (1, (), 0)
    assert np.isnan(group.auroc_within.value)

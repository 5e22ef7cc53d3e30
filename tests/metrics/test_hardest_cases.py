"""The studies that a model gets most wrong."""

from __future__ import annotations

import numpy as np
import pytest

from eval_fakes import make_table
from radz.metrics.hardest_cases import hardest_cases


def test_lowest_positives_then_highest_negatives_with_the_share_on_the_wrong_side():
    #        positives          negatives
    scores = [0.9, 0.2, 0.2, 0.5, 0.8, 0.1, 0.3, 0.4]
    labels = [1, 1, 1, 1, 0, 0, 0, 0]
    cases = hardest_cases(make_table(scores, labels), ["effusion"], 2)
    assert [(case.study, case.missed) for case in cases] == [
        ("s0001", True),
        ("s0002", True),  # a tie: the order of study ids
        ("s0004", False),
        ("s0007", False),
    ]
    assert [case.worse_than for case in cases] == [0.75, 0.75, 0.75, 0.5]
    assert [case.score for case in cases] == pytest.approx([0.2, 0.2, 0.8, 0.4])


def test_studies_without_label_or_score_and_other_concepts_are_left_out():
    table = make_table([0.1, np.nan, 0.3, 0.4], [1, 1, np.nan, 0])
    assert [case.study for case in hardest_cases(table, ["effusion"], 5)] == ["s0000", "s0003"]
    assert [case.study for case in hardest_cases(table, ["effusion"], 5, "ones")] == ["s0000", "s0002", "s0003"]
    assert hardest_cases(table, ["mass"], 5) == ()


def test_without_the_other_label_there_is_no_share():
    (case,) = hardest_cases(make_table([0.1], [1]), ["effusion"], 5)
    assert np.isnan(case.worse_than)

"""A finding against normal negatives, negatives with another finding, and rivals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eval_fakes import make_table
from radz.metrics.ranking import within_strata_auroc
from radz.metrics.scores_file import ScoresTable
from radz.metrics.spectrum import ANOTHER_FINDING, NORMAL_STUDIES, evaluate_spectrum
from radz.metrics.summary import summarise

#                     mass  mass+nodule  nodule  effusion  normal
LABELS = {
    "mass": np.repeat([1.0, 1.0, 0.0, 0.0, 0.0], 8),
    "nodule": np.repeat([0.0, 1.0, 1.0, 0.0, 0.0], 8),
    "effusion": np.repeat([0.0, 0.0, 0.0, 1.0, 0.0], 8),
}
SCORES = np.repeat([2.0, 2.0, 2.0, 1.0, 0.0], 8)


@pytest.fixture(scope="module")
def table() -> ScoresTable:
    tables = [make_table(SCORES, labels, concept=c, strata=np.arange(40) % 2) for c, labels in LABELS.items()]
    return ScoresTable(pd.concat([t.rows for t in tables]), tables[0].provenance)


def test_values_by_hand(table):
    spectrum = evaluate_spectrum(table, {"mass": ["nodule", "edema"]}, draws=20)
    results = {r.against: r for r in spectrum if r.concept == "mass"}
    assert [(r.auroc.value, r.positives, r.negatives) for r in results.values()] == [
        (1.0, 16, 8),  # every normal study scores lower
        (0.75, 16, 16),  # nodules tie, effusions score lower
        (0.5, 16, 8),  # nodules without a mass
    ]
    assert list(results) == [NORMAL_STUDIES, ANOTHER_FINDING, "nodule"], "edema is not in the table"


def test_against_another_finding_is_the_abnormal_auroc(table):
    whole = {finding.concept: finding for finding in summarise(table, draws=20).findings}
    for result in evaluate_spectrum(table, draws=20):
        if result.against == ANOTHER_FINDING:
            assert result.auroc.value == whole[result.concept].auroc_abnormal.value
            assert result.positives == whole[result.concept].comparable_abnormal
            assert result.negatives == whole[result.concept].negatives_abnormal


def test_pairs_of_normal_and_other_negatives_are_all_pairs(table):
    for concept, labels in LABELS.items():
        parts = [r for r in evaluate_spectrum(table, draws=5) if r.concept == concept]
        pairs = [r.positives * r.negatives for r in parts]  # both strata are alike
        mean = np.average([r.auroc.value for r in parts], weights=pairs)
        assert mean == pytest.approx(within_strata_auroc(SCORES, labels, np.arange(40) % 2))

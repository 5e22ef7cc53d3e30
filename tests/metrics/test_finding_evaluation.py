"""Every metric of one finding."""

from __future__ import annotations

import numpy as np
import pytest

from eval_fakes import make_table
from radz.metrics.delong import delong_interval
from radz.metrics.finding_evaluation import SummaryOptions, evaluate_finding
from radz.metrics.finding_ranks import rank_all
from radz.metrics.ranking import auroc, average_precision, within_strata_auroc
from radz.metrics.score_matrix import as_matrix
from radz.metrics.summary import summarise

OPTIONS = SummaryOptions(draws=50, seed=0, min_positives=10)


def evaluated(table, thresholds=None, options=OPTIONS):
    matrix = as_matrix(table)
    (ranks,) = rank_all(matrix)
    return evaluate_finding(matrix, ranks, thresholds or {}, options)


def test_values_counts_and_delong_are_those_of_the_single_metrics():
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(90) < 5, np.nan, np.arange(90) % 3 == 0).astype(float)
    scores, strata = rng.normal(size=90) + np.nan_to_num(labels), np.arange(90) % 2
    scores[-4:] = np.nan
    finding = evaluated(make_table(scores, labels, strata=strata))
    assert finding.auroc_within.value == pytest.approx(within_strata_auroc(scores, labels, strata), abs=1e-6)
    assert finding.auroc_pooled.value == pytest.approx(auroc(scores, labels), abs=1e-6)
    assert finding.average_precision.value == pytest.approx(average_precision(scores, labels), abs=1e-6)
    assert finding.delong == delong_interval(np.float32(scores), labels, np.arange(90))
    assert (finding.positives, finding.negatives, finding.unscored) == (27, 54, 4)
    assert finding.left_out == ""


def test_only_sources_with_a_threshold_for_the_finding_have_an_operating_point():
    table = make_table(np.arange(40.0), np.arange(40) % 2)
    finding = evaluated(table, {"validation": {"mass": 1.0}, "oracle": {"effusion": 20.0}})
    assert [(point.source, point.threshold) for point in finding.operating] == [("oracle", 20.0)]
    assert finding.operating[0].sensitivity.value == 0.5


def test_draws_of_a_finding_do_not_depend_on_its_neighbours():
    assert OPTIONS.seed_of("mass") == OPTIONS.seed_of("mass") != OPTIONS.seed_of("nodule")
    assert OPTIONS.seed_of("mass") != SummaryOptions(50, 1, 10).seed_of("mass")


def test_uncertain_studies_as_a_third_class():
    labels = np.repeat([1.0, 0.0, np.nan], 20)
    scores = np.repeat([2.0, 0.0, 1.0], 20)
    scores[40:50] = 3.0  # half of the uncertain lie above the positives
    table = make_table(scores, labels)
    separate, ignored = (summarise(table, draws=30, uncertain=policy) for policy in ("separate", "ignore"))
    thirds = separate.findings[0].uncertain
    assert thirds.studies == 20
    assert thirds.against_absent.value == 1
    assert thirds.below_present.value == 0.5
    assert separate.findings[0].auroc_within == ignored.findings[0].auroc_within
    assert ignored.findings[0].uncertain is None
    assert separate.uncertain == "separate"
    assert separate.protocol_hash != ignored.protocol_hash
    known = make_table(scores[:40], labels[:40])
    assert summarise(known, draws=5, uncertain="separate").findings[0].uncertain is None

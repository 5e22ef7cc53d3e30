"""From a corpus to scores, and from scores to an evaluation."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval_fakes import FINDINGS, Brightness, make_anchors, make_corpus, make_table, score_corpus
from radz import registry
from radz.errors import ScoresError
from radz.metrics.delong import delong_test
from radz.metrics.ranking import auroc, average_precision, within_strata_auroc
from radz.metrics.references import any_finding
from radz.metrics.score_matrix import as_matrix
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, make_rows
from radz.metrics.summary import compare, macro_auroc, summarise
from radz.types import NORMAL, Scores


@pytest.fixture
def table() -> ScoresTable:
    return score_corpus(Brightness(), make_corpus(120), make_anchors())


class Answering:
    """A model that answers with what ``answer(scores)`` makes of right scores."""

    name = "answering"

    def __init__(self, answer):
        self.answer = answer

    def score(self, studies, anchors):
        return self.answer(Brightness().score(studies, anchors))


# --- evaluation


def test_values_are_those_of_the_metrics(table):
    evaluation = summarise(table, draws=50)
    for finding in evaluation.findings:
        rows = table.rows[table.rows["concept"] == finding.concept]
        labels = rows["label"].to_numpy(dtype=float, na_value=np.nan)
        assert finding.auroc_pooled.value == auroc(rows["score"], labels)
        assert finding.auroc_within.value == within_strata_auroc(rows["score"], labels, rows["stratum"])
        assert finding.average_precision.value == average_precision(rows["score"], labels)
        assert (finding.positives, finding.negatives) == ((labels == 1).sum(), (labels == 0).sum())
        assert finding.auroc_within.interval.low < finding.auroc_within.value < finding.auroc_within.interval.high
    means = [np.mean([f.auroc_within.value for f in evaluation.findings])]
    assert evaluation.macro.auroc_within.value == pytest.approx(means[0], abs=1e-12)
    assert (evaluation.studies, evaluation.patients) == (120, 60)


def test_cheap_macro_is_the_macro(table):
    evaluation = summarise(table, draws=1)
    assert macro_auroc(table) == {
        "auroc_within": evaluation.macro.auroc_within.value,
        "auroc_abnormal": evaluation.macro.auroc_abnormal.value,
        "auroc_pooled": evaluation.macro.auroc_pooled.value,
    }


def test_order_of_rows_changes_nothing_and_the_seed_only_intervals(table):
    first = summarise(table, draws=60, seed=1)
    shuffled = replace(table, rows=table.rows.sample(frac=1, random_state=0))
    assert summarise(shuffled, draws=60, seed=1) == first
    other = summarise(table, draws=60, seed=2)
    assert other.macro.auroc_within.value == first.macro.auroc_within.value
    assert other.macro.auroc_within.interval != first.macro.auroc_within.interval
    assert other.protocol_hash != first.protocol_hash


def test_a_finding_with_few_comparable_positives_is_shown_and_left_out():
    labels = np.array([1] * 20 + [0] * 40, dtype=float)
    strata = ["a"] * 12 + ["b"] * 48  # the negatives are all in b, and so are 8 positives
    evaluation = summarise(make_table(np.arange(60.0), labels, strata=strata), draws=20)
    (finding,) = evaluation.findings
    assert finding.comparable == 8
    assert evaluation.left_out == {"effusion": "8 of 20 positives share a stratum with a negative, fewer than 10"}
    assert evaluation.macro.concepts == ()
    assert np.isnan(evaluation.macro.auroc_within.value)
    assert np.isnan(macro_auroc(make_table(np.arange(60.0), labels, strata=strata))["auroc_within"])
    included = summarise(make_table(np.arange(60.0), labels, strata=strata), draws=20, min_positives=8)
    assert included.macro.concepts == ("effusion",)
    assert included.macro.auroc_within.value == finding.auroc_within.value


def test_policy_for_uncertain_labels_is_named_and_changes_counts(table):
    counts = {}
    for policy in ("ignore", "ones", "zeros"):
        evaluation = summarise(table, draws=1, uncertain=policy)
        assert evaluation.uncertain == policy
        effusion = next(f for f in evaluation.findings if f.concept == "effusion")
        counts[policy] = (effusion.positives, effusion.negatives)
    uncertain = (table.rows["presence"] == "uncertain").sum()
    assert counts["ones"] == (counts["ignore"][0] + uncertain, counts["ignore"][1])
    assert counts["zeros"] == (counts["ignore"][0], counts["ignore"][1] + uncertain)


def test_metadata_only_is_one_half_within_strata_with_no_width():
    model = registry.load("baselines", "metadata_only")(make_corpus(200, "train").records)
    evaluation = summarise(score_corpus(model, make_corpus(200), make_anchors()), draws=100)
    within = evaluation.macro.auroc_within
    assert (within.value, within.interval.low, within.interval.high) == (0.5, 0.5, 0.5)
    assert evaluation.macro.auroc_pooled.value > 0.6, "the labels of this corpus depend on the source"


def test_chance_is_one_half():
    model = registry.load("baselines", "chance")()
    macro = summarise(score_corpus(model, make_corpus(400), make_anchors()), draws=200).macro
    assert macro.auroc_within.interval.low < 0.5 < macro.auroc_within.interval.high


# --- comparison


def test_a_model_that_knows_beats_one_that_does_not():
    labels = np.tile([1.0, 0.0, 0.0], 40)
    rng = np.random.default_rng(0)
    good, bad = (make_table(rng.normal(size=120) + shift * labels, labels, model=str(shift)) for shift in (2, 0))
    comparison = compare(good, bad, draws=200)
    gap = macro_auroc(good)["auroc_within"] - macro_auroc(bad)["auroc_within"]
    assert comparison.auroc_within.value == pytest.approx(gap, abs=1e-12)
    assert comparison.auroc_within.interval.low > 0
    assert comparison.auroc_within.p_value < 0.02
    assert comparison.findings["effusion"] == comparison.auroc_within, "the macro of one finding is the finding"
    assert np.isnan(comparison.auroc_abnormal.value), "no negative shows another finding"
    assert comparison.holm["effusion"] == comparison.auroc_within.p_value


def test_a_comparison_is_over_what_both_models_score(table):
    def knows_less(scores: Scores) -> Scores:
        values = scores.values.copy()
        values[:, 0], values[0, 2] = np.nan, np.nan
        return replace(scores, values=values, notes={"cardiomegaly": "not a label", scores.study_ids[0]: "rotated"})

    other = score_corpus(Answering(knows_less), make_corpus(120), make_anchors())
    comparison = compare(table, other, draws=50)
    assert set(comparison.findings) == {"effusion", "pneumothorax"}
    assert comparison.auroc_within.value == 0, "on the studies that both score the two are one model"
    assert comparison.auroc_within.interval.dropped == 0


def test_different_studies_labels_or_strata_cannot_be_compared():
    labels = np.tile([1.0, 0.0], 20)
    table = make_table(np.arange(40.0), labels)
    others = {
        "studies": make_table(np.arange(38.0), labels[:38]),
        "labels": make_table(np.arange(40.0), 1 - labels),
        "strata": make_table(np.arange(40.0), labels, strata="ab" * 20),
        "concepts": make_table(np.arange(40.0), labels, concept="edema"),
    }
    for part, other in others.items():
        with pytest.raises(ScoresError, match=f"cannot be compared: their {part} differ"):
            compare(table, other)


def test_a_comparison_has_delongs_test_too():

    corpus = make_corpus(200)
    first = score_corpus(Brightness(), corpus, make_anchors())
    noise = np.random.default_rng(0).normal(size=len(first.rows))
    second = replace(first, rows=first.rows.assign(score=noise.astype(np.float32)))
    comparison = compare(first, second, draws=30)
    a, b = as_matrix(first), as_matrix(second)
    for j, concept in enumerate(a.concepts):
        expected = delong_test(a.scores[:, j], b.scores[:, j], a.labels[:, j], a.patients)
        assert comparison.delong[concept] == expected
    assert set(comparison.delong_holm) == set(FINDINGS)
    assert max(comparison.delong_holm.values()) >= max(t.p_value for t in comparison.delong.values())


def test_a_real_test_split_takes_seconds():
    rng = np.random.default_rng(0)
    count, concepts = 250, [f"finding {i}" for i in range(14)]
    presence = rng.random((count, 14)) < 0.12
    rows = make_rows(
        {
            "study": np.repeat([f"s{i}" for i in range(count)], 14),
            "patient": np.repeat([f"p{i // 2}" for i in range(count)], 14),
            "stratum": np.repeat([f"t{i % 5}" for i in range(count)], 14),
            "concept": concepts * count,
            "score": rng.normal(size=count * 14),
            "presence": np.where(presence, "present", "absent").ravel(),
            "note": [""] * count * 14,
        }
    )
    start = time.process_time()
    evaluation = summarise(ScoresTable(rows, ScoresProvenance("fake")))
    assert time.process_time() - start < 10  # measured 0.5 s
    assert len(evaluation.macro.concepts) == 14


# --- development data


def test_metadata_only_on_development_films():
    folder = os.environ.get("RADZ_DEV_DATA")
    if not folder or not (Path(folder) / "manifest.csv").is_file():
        pytest.skip("RADZ_DEV_DATA does not name the folder of the development data")
    train, test = (
        registry.load("corpora", "manifest")(
            Path(folder),
            split=split,
            columns={"patient": "patient_id", "study": "study_id"},
            where={"dataset": "nih-chestxray14", "low_res": "0"},
            unlisted="absent",
        )
        for split in ("train", "test")
    )
    anchors = make_anchors([finding for finding in test.findings if finding != NORMAL])
    table = score_corpus(registry.load("baselines", "metadata_only")(train.records), test, anchors)
    evaluation = summarise(table, draws=100)
    assert evaluation.studies == 393
    assert len(evaluation.macro.concepts) == 12, "two findings have fewer than ten positives"
    assert {f.auroc_within.value for f in evaluation.findings} == {0.5}
    assert 0.66 < evaluation.macro.auroc_pooled.value < 0.75  # measured 0.712
    oracle = summarise(any_finding(table), draws=100).macro
    assert 0.58 < oracle.auroc_within.value < 0.65  # measured 0.616: W alone rewards telling normal from abnormal
    assert oracle.auroc_abnormal.value == evaluation.macro.auroc_abnormal.value == 0.5


def test_a_table_that_holds_normal_is_evaluated_without_it(table):
    normal = table.rows[table.rows["concept"] == "effusion"].assign(concept=NORMAL)
    both = replace(table, rows=pd.concat([table.rows, normal]))
    assert [f.concept for f in summarise(both, draws=20).findings] == sorted(FINDINGS)
    with pytest.raises(ScoresError, match="no score of a disease"):
        summarise(replace(table, rows=normal))

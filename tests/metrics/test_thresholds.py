"""Thresholds come from validation scores and nowhere else; what they make of scores is scikit-learn's values."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    matthews_corrcoef,
    precision_recall_curve,
    recall_score,
    roc_curve,
)

from eval_fakes import make_table
from radz.errors import CalibrationError, LeakageError, UnknownNameError
from radz.metrics.operating_points import RATES, best_threshold, rates, rates_at
from radz.metrics.summary import summarise
from radz.metrics.thresholds import Thresholds, fit_thresholds, read_thresholds, write_thresholds

RNG = np.random.default_rng(0)
LABELS = (RNG.random(200) < 0.3).astype(float)
SCORES = np.round(RNG.normal(size=200) + LABELS, 1)


def table_of(split, scores=SCORES, labels=LABELS, **made):
    table = make_table(scores, labels)
    return replace(table, provenance=replace(table.provenance, corpus="fake", split=split, **made))


def test_rates_are_those_of_scikit_learn():
    called = SCORES >= 0.8
    expected = [
        f1_score(LABELS, called),
        matthews_corrcoef(LABELS, called),
        recall_score(LABELS, called),
        recall_score(LABELS, called, pos_label=0),
        accuracy_score(LABELS, called),
    ]
    found = rates_at(SCORES, LABELS, 0.8)(np.ones((200, 1)))[:, 0]
    assert found == pytest.approx(expected, abs=1e-12)
    weights = np.random.default_rng(1).integers(0, 4, 200).astype(float)
    drawn = np.repeat(np.arange(200), weights.astype(int))
    weighted = rates_at(SCORES, LABELS, 0.8)(weights[:, None])[:, 0]
    assert weighted[1] == pytest.approx(matthews_corrcoef(LABELS[drawn], called[drawn]))
    assert weighted[0] == pytest.approx(f1_score(LABELS[drawn], called[drawn]))


def test_edges_of_rates():
    assert rates(np.array([3.0, 5, 0, 0])).tolist() == pytest.approx([6 / 11, 0, 1, 0, 3 / 8]), "all called positive"
    assert np.isnan(rates(np.array([3.0, 0, 1, 0]))).all(), "no negative"
    without = rates_at([1.0, np.nan, 0.0], [1, 1, 0], 0.5)(np.ones((3, 1)))[:, 0]
    assert without.tolist() == [1, 1, 1, 1, 1], "a study without a score takes no part"


def test_the_best_threshold_is_that_of_scikit_learns_curves():
    precision, recall, cuts = precision_recall_curve(LABELS, SCORES)
    f1 = 2 * precision * recall / (precision + recall)
    found = best_threshold(SCORES, LABELS, "f1")
    assert f1_score(LABELS, found <= SCORES) == pytest.approx(f1.max(), abs=1e-12)
    false, true, _ = roc_curve(LABELS, SCORES)
    youden = best_threshold(SCORES, LABELS, "youden")
    called = youden <= SCORES
    reached = recall_score(LABELS, called) + recall_score(LABELS, called, pos_label=0) - 1
    assert reached == pytest.approx((true - false).max(), abs=1e-12)
    best = max(matthews_corrcoef(LABELS, cut <= SCORES) for cut in cuts)
    assert matthews_corrcoef(LABELS, best_threshold(SCORES, LABELS, "mcc") <= SCORES) == pytest.approx(best, abs=1e-12)


def test_a_threshold_lies_between_scores():
    assert best_threshold([0.0, 1.0, 2.0, 4.0], [0, 0, 1, 1]) == 1.5
    assert best_threshold([1.0, 1.0, np.nan, 9.0], [1, 0, 1, np.nan]) == 1.0
    assert math.isnan(best_threshold([1.0, 2.0], [1, 1]))
    with pytest.raises(UnknownNameError, match="Unknown threshold rule 'best'"):
        best_threshold([1.0], [1], "best")


@pytest.mark.parametrize("split", ["test", "train", ""])
def test_no_other_split_than_val_makes_thresholds(split):
    with pytest.raises(LeakageError, match=f"cannot be chosen on split '{split}'.*only on split 'val'"):
        fit_thresholds(table_of(split))
    made = fit_thresholds(table_of("val"))
    with pytest.raises(LeakageError, match="cannot be chosen on split"):
        Thresholds(**{**made.model_dump(), "split": split})


def test_a_file_that_was_changed_to_another_split_is_refused(tmp_path):
    path = tmp_path / "new" / "t.json"
    made = fit_thresholds(table_of("val"))
    write_thresholds(made, path)
    assert read_thresholds(path) == made
    tree = json.loads(path.read_text())
    path.write_text(json.dumps(tree | {"split": "test"}))
    with pytest.raises(LeakageError, match="only on split 'val'"):
        read_thresholds(path)
    path.write_text(json.dumps(tree | {"rule": "best"}))
    with pytest.raises(CalibrationError, match=r"t.json is damaged: rule: .* Run `radz thresholds` on validation"):
        read_thresholds(path)
    with pytest.raises(CalibrationError, match=r"There is no .*u.json. `radz thresholds` writes"):
        read_thresholds(tmp_path / "u.json")


def test_a_finding_with_few_studies_has_none():
    made = fit_thresholds(table_of("val", SCORES[:40], np.arange(40.0) < 9))
    assert made.values == {}
    assert made.refused == {"effusion": "9 positive and 31 negative validation studies, 10 of each are needed"}


def test_values_at_validation_thresholds_stand_beside_the_oracle():
    rng = np.random.default_rng(5)
    labels = (rng.random(300) < 0.3).astype(float)
    test = table_of("test", rng.normal(size=300) + labels, labels)
    made = fit_thresholds(table_of("val"))
    evaluation = summarise(test, draws=50, thresholds=made)
    validation, oracle = evaluation.findings[0].operating
    assert (validation.source, oracle.source) == ("validation", "oracle")
    assert validation.threshold == made.values["effusion"]
    called = test.rows["score"].to_numpy() >= validation.threshold
    assert validation.f1.value == pytest.approx(f1_score(labels, called))
    assert oracle.f1.value >= validation.f1.value
    assert validation.f1.interval.low < validation.f1.value < validation.f1.interval.high
    macro = evaluation.macro.operating
    assert [(p.source, p.concepts) for p in macro] == [("validation", ("effusion",)), ("oracle", ("effusion",))]
    assert all(getattr(macro[0], rate).value == getattr(validation, rate).value for rate in RATES)
    assert evaluation.thresholds == "greatest f1 on split 'val' of fake, 200 studies of 200 patients"
    alone = summarise(test, draws=50)
    assert [p.source for p in alone.findings[0].operating] == ["oracle"]
    assert alone.protocol_hash != evaluation.protocol_hash
    assert alone.findings[0].auroc_within == evaluation.findings[0].auroc_within, "other metrics keep their draws"


def test_thresholds_of_another_model_or_of_these_studies_are_refused():
    made = fit_thresholds(table_of("val", fingerprint="0123456789"))
    with pytest.raises(CalibrationError, match="thresholds belong to fake 01234567, but the scores to fake 99999999"):
        summarise(table_of("test", fingerprint="9999999999"), draws=5, thresholds=made)
    with pytest.raises(CalibrationError, match="to fake 01234567 and the prompts 'other'"):
        summarise(table_of("test", fingerprint="0123456789", prompts="other"), draws=5, thresholds=made)
    with pytest.raises(LeakageError, match="chosen on split 'val' of fake, the split to be evaluated"):
        summarise(table_of("val", fingerprint="0123456789"), draws=5, thresholds=made)

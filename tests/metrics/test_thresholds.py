"""Thresholds come from validation scores only."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from eval_fakes import make_table
from radz.errors import CalibrationError, LeakageError
from radz.metrics.operating_points import RATES
from radz.metrics.summary import summarise
from radz.metrics.thresholds import Thresholds, fit_thresholds, read_thresholds, write_thresholds

RNG = np.random.default_rng(0)
LABELS = (RNG.random(200) < 0.3).astype(float)
SCORES = np.round(RNG.normal(size=200) + LABELS, 1)


def table_of(split, scores=SCORES, labels=LABELS, **changes):
    table = make_table(scores, labels)
    return replace(table, provenance=replace(table.provenance, corpus="fake", split=split, **changes))


@pytest.mark.parametrize("split", ["test", "train", ""])
def test_no_other_split_than_val_makes_thresholds(split):
    with pytest.raises(LeakageError, match=f"cannot be chosen on split '{split}'.*only on split 'val'"):
        fit_thresholds(table_of(split))
    fitted = fit_thresholds(table_of("val"))
    with pytest.raises(LeakageError, match="cannot be chosen on split"):
        Thresholds(**{**fitted.model_dump(), "split": split})


def test_a_file_that_was_changed_to_another_split_is_refused(tmp_path):
    path = tmp_path / "new" / "t.json"
    fitted = fit_thresholds(table_of("val"))
    write_thresholds(fitted, path)
    assert read_thresholds(path) == fitted
    tree = json.loads(path.read_text())
    del tree["sha256"]
    path.write_text(json.dumps(tree | {"split": "test"}))
    with pytest.raises(LeakageError, match="only on split 'val'"):
        read_thresholds(path)
    path.write_text(json.dumps(tree | {"rule": "best"}))
    with pytest.raises(CalibrationError, match=r"t.json is damaged: rule: .* Run `radz thresholds` on validation"):
        read_thresholds(path)
    with pytest.raises(CalibrationError, match=r"There is no .*u.json. `radz thresholds` writes"):
        read_thresholds(tmp_path / "u.json")


def test_a_finding_with_few_studies_has_none():
    fitted = fit_thresholds(table_of("val", SCORES[:40], np.arange(40.0) < 9))
    assert fitted.values == {}
    assert fitted.refused == {"effusion": "9 positive and 31 negative validation studies, 10 of each are needed"}


def test_values_at_validation_thresholds_stand_beside_the_oracle():
    rng = np.random.default_rng(5)
    labels = (rng.random(300) < 0.3).astype(float)
    test = table_of("test", rng.normal(size=300) + labels, labels)
    fitted = fit_thresholds(table_of("val"))
    evaluation = summarise(test, draws=50, thresholds=fitted)
    validation, oracle = evaluation.findings[0].operating
    assert (validation.source, oracle.source) == ("validation", "oracle")
    assert validation.threshold == fitted.values["effusion"]
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
    fitted = fit_thresholds(table_of("val", fingerprint="0123456789"))
    with pytest.raises(CalibrationError, match="thresholds belong to fake 01234567, but the scores to fake 99999999"):
        summarise(table_of("test", fingerprint="9999999999"), draws=5, thresholds=fitted)
    with pytest.raises(CalibrationError, match="to fake 01234567 and the prompts 'other'"):
        summarise(table_of("test", fingerprint="0123456789", prompts="other"), draws=5, thresholds=fitted)
    with pytest.raises(LeakageError, match="chosen on split 'val' of fake, the split to be evaluated"):
        summarise(table_of("val", fingerprint="0123456789"), draws=5, thresholds=fitted)

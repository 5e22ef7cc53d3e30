"""Remarks on a record: method, exposure and time."""

from __future__ import annotations

import pytest

from ablation_fakes import COMPONENTS, arm, record
from radz.experiments.ablation.remarks import method_line, remarks, time_line, zero_shot_line


def test_a_record_without_runs_has_one_remark():
    assert remarks(record("x", a=arm(None, done=0))) == ["Nothing has been run yet."]
    assert remarks(COMPONENTS) == [method_line(COMPONENTS), zero_shot_line(COMPONENTS)]


def test_the_method_names_intervals_patients_and_seeds():
    assert "95% intervals from 1,000 bootstrap draws of the 900 patients (1,495 images)" in method_line(COMPONENTS)
    assert "one seed: the intervals do not include the variation" in method_line(COMPONENTS)
    assert "(2 seeds)" in method_line(COMPONENTS | {"seeds": [0, 1]})


@pytest.mark.parametrize(
    ("exposure", "texts", "line"),
    [
        ({"mass": "unseen"}, ["report"], "No model had seen any of these findings: a zero-shot result."),
        (
            {"mass": "unseen", "edema": "seen"},
            ["report"],
            "The models were trained on reports. Only mass may be called zero-shot.",
        ),
        ({"mass": "seen"}, ["report"], "The models were trained on reports. None of it is a zero-shot result."),
        (
            {"mass": "supervised"},
            ["varied"],
            "these models are label-text supervised. None of it is a zero-shot result",
        ),
        ({}, ["varied"], "None of it is a zero-shot result."),
    ],
)
def test_only_unseen_findings_are_called_zero_shot(exposure, texts, line):
    assert line in zero_shot_line(COMPONENTS | {"exposure": exposure, "texts": texts})


def timed(run: str, seconds: float) -> dict:
    return arm(0.6) | {"cells": {"fold 1": 0.6}, "runs": {"fold 1": run}, "training_seconds": [seconds]}


def test_a_run_that_plans_share_is_counted_once_in_the_time_of_all():
    starts = {"start_seconds": {"s": 600.0}}
    first = record("components", base=timed("a", 600.0), both=timed("b", 1200.0)) | starts
    second = record("tokens", generic=timed("b", 1200.0), adaptive=timed("c", 1800.0)) | starts
    (line,) = time_line([first, second])
    assert "20.0 minutes (median), and 30.0 at most (3 runs); the stage that arms start from took 10.0" in line
    assert "1.2 hours in total" in line  # 600 + 1200 + 1800 and once 600 seconds
    assert time_line([COMPONENTS]) == []

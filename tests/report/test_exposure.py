"""What a model has seen, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from radz.report.exposure import exposure_line, exposure_lines, exposure_of
from report_fakes import contents


def changed(evaluation, **fields):
    return replace(evaluation, provenance=replace(evaluation.provenance, **fields))


@pytest.mark.parametrize(
    ("marks", "fields", "line"),
    [
        ("unseen", {}, "3 findings, all unseen: a zero-shot result"),
        ("unseen", {"overlap": ("1 image",)}, "3 findings, all unseen: not a zero-shot result"),
        ("unseen", {"claim": "supervised"}, "3 findings: a supervised result"),
        ("seen", {}, "3 findings, all seen: not a zero-shot result"),
        ("mixed", {}, "3 findings, 2 unseen, 1 seen: only the unseen are zero-shot"),
        ("mixed", {"overlap": ("1 image",)}, "3 findings, 2 unseen, 1 seen: not a zero-shot result"),
        ("none", {}, "3 findings, all unknown: not a zero-shot result"),
    ],
)
def test_only_unseen_findings_without_overlap_are_zero_shot(marks, fields, line):
    evaluation = contents("unseen", others=()).evaluation
    exposure = dict(evaluation.provenance.exposure)
    exposure = {"mixed": exposure | {"effusion": "seen"}, "none": {}}.get(marks, dict.fromkeys(exposure, marks))
    assert exposure_line(changed(evaluation, exposure=exposure, **fields)) == line


def test_a_finding_without_a_mark_is_unknown(whole):
    assert exposure_of(whole.evaluation, "effusion") == "supervised"
    assert exposure_of(whole.evaluation, "mass") == "unknown"


def test_models_without_an_evaluation_have_no_line(whole):
    assert [line.partition(":")[0] for line in exposure_lines(whole.rows)] == ["brightness", "a_model_with_a_name"]

"""A result as rows, tables and pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from radz.eval.robustness import Checks
from radz.experiments.outcome import EvaluationResult
from radz.experiments.rows import EvalSettings, model_rows
from report_fakes import scores


def result(**changes) -> EvaluationResult:
    tables = {"brightness": scores(**changes), "other": scores("other", noise=0.3)}
    return EvaluationResult(model_rows(tables, Checks(), {"absent": "no weights"}, EvalSettings(draws=20)), tables)


def test_a_glance_names_models_missing_ones_and_the_claim():
    text = repr(result())
    assert text.startswith("<EvaluationResult: 80 studies of 40 patients from fake test; brightness 0.")
    assert "absent: no weights" in text
    assert text.endswith("3 findings, all supervised: not a zero-shot result>")


def test_the_frame_has_a_line_per_model_and_finding_that_was_scored():
    frame = result().to_frame()
    assert frame.groupby("model").size().to_dict() == {"any_finding": 3, "brightness": 3, "other": 3}
    assert list(frame.columns[:5]) == ["model", "finding", "positives", "negatives", "comparable"]


def test_unreadable_studies_are_listed():
    assert result().unreadable == {"SECRET-3": "SECRET-3.png is not an image"}


def test_a_supervised_result_is_never_filed_as_zero_shot(tmp_path):

    table = scores()
    claimed = replace(table, provenance=replace(table.provenance, claim="supervised"))
    rows = model_rows({"m": claimed}, Checks(), {}, EvalSettings(draws=10))
    (path,) = EvaluationResult(rows, {"m": claimed}).write_report([tmp_path / "zero-shot.md"])
    assert path == Path(tmp_path / "supervised.md")
    assert path.is_file()

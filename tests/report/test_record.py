"""Evaluations and comparisons as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from radz.report.record import as_record, comparison_record, page_record
from radz.types import RESEARCH_USE


def strict(record) -> dict:
    return json.loads(json.dumps(record, default=str), parse_constant=pytest.fail)


def test_the_first_model_is_whole_and_the_others_are_means_and_gains(whole):
    record = strict(as_record(whole.rows))
    assert record["notice"] == RESEARCH_USE
    assert record["zero_shot"].startswith("3 findings, all supervised")
    assert len(record["evaluation"]["findings"]) == 3
    other, absent = record["models"]
    assert other["macro"]["auroc_within"]["value"] == whole.rows[1].evaluation.macro.auroc_within.value
    assert absent == {"model": "absent", "macro": None, "gain_over_it": None, "note": "This corpus has no train split."}
    bare = as_record([replace(whole.rows[0], reliability=None, prompts=None, controls=None)])
    assert (bare["reliability"], bare["prompts"], bare["controls"]) == (None, None, None)


def test_a_comparison_has_every_model_with_its_file(whole):
    models = strict(comparison_record(whole.rows, [], {"brightness": Path("a.parquet")}))["models"]
    assert [model["scores"] for model in models] == ["a.parquet", None, None]
    assert models[1]["gain_of_first"]["auroc_within"]["value"] == whole.rows[1].comparison.auroc_within.value
    assert {model["cost"] for model in models} == {None}


def test_a_page_counts_unreadable_images_and_names_no_study(whole):
    record = strict(page_record(whole))
    assert record["evaluation"]["provenance"]["unreadable"] == 1
    assert "SECRET" not in json.dumps(record)
    assert record["scores_sha256"] == dict(whole.hashes)
    assert record["hardest_cases"] == [{"concept": "effusion", "missed": True, "score": -0.2, "worse_than": 0.975}]

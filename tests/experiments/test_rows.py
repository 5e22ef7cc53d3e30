"""Tables of scores to the rows of a result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration_fakes import by_hand
from eval_fakes import Brightness, make_anchors, make_corpus, score_corpus
from radz.calibration.attached import attach_calibration, attach_reference
from radz.errors import CalibrationError
from radz.eval.robustness import Checks
from radz.experiments.rows import EvalSettings, by_model, model_rows, rank_within_studies, thresholds_by_table
from radz.metrics.scores_file import ScoresTable
from radz.metrics.thresholds import fit_thresholds
from reference_fakes import reference


def scores(model="a", fingerprint="", split="test") -> ScoresTable:
    table = score_corpus(Brightness(), make_corpus(80, split), make_anchors())
    described = replace(table.provenance, model=model, fingerprint=fingerprint, split=split, corpus="fake")
    return replace(table, provenance=described)


def test_tables_of_one_name_are_numbered():
    named = by_model([scores("a"), scores("b"), scores("a", "0123456789")])
    assert list(named) == ["a", "b", "a 01234567 (3)"]


def test_the_first_model_is_compared_with_each_other_and_a_missing_one_says_why():
    tables = {"a": scores("a"), "b": scores("b")}
    first, second, oracle, third = model_rows(tables, Checks(), {"c": "no weights"}, EvalSettings(draws=10))
    assert first.comparison is None
    assert second.comparison.auroc_within.value == 0, "the same scores"
    assert (third.name, third.evaluation, third.note) == ("c", None, "no weights")
    assert oracle.name == "any_finding"
    assert first.evaluation.groups, "the first row has its groups"
    assert first.uncalibrated == "these scores come without calibration"


def test_thresholds_go_to_the_table_of_their_model():
    chosen = fit_thresholds(scores("a", split="val"), "f1")
    tests = [scores("b").provenance, scores("a").provenance]
    assert thresholds_by_table(tests, [chosen]) == [None, chosen]
    with pytest.raises(CalibrationError, match=r"Thresholds of a .* fit none of the models that are evaluated \(b\)"):
        thresholds_by_table(tests[:1], [chosen])


def test_findings_are_ranked_by_what_is_attached():
    table = scores("a")

    def names(each: ScoresTable) -> list[str]:
        return [ranking.name for ranking in rank_within_studies(each, draws=10, seed=0).rankings]

    assert names(table) == ["raw score", "random order"]
    fitted = attach_calibration(table, by_hand(), ["effusion"], {})
    assert names(fitted)[:2] == ["raw score", "probability, then raw score"]
    anchors = make_anchors()
    placed = attach_reference(fitted, reference(anchors), anchors)
    assert names(placed)[:3] == ["raw score", "percentile", "probability, then percentile"]

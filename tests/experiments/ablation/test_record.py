"""The record of a plan: numbers of finished cells, no paths, undefined numbers as null."""

from __future__ import annotations

import json
import math

import pytest

from ablation_fakes import COMPONENTS, runs_of
from radz.errors import ConfigError
from radz.experiments.ablation.plan import load_ablation
from radz.experiments.ablation.record import is_finished, read_records, record_of, write_record
from radz.metrics.scores_file import read_scores
from radz.training.data import open_training_data


def test_a_record_has_the_numbers_of_finished_cells_and_no_paths(folder, finished):
    runs, places = runs_of(folder, finished)
    ablation = load_ablation(folder / "plan.yaml")
    record = record_of(ablation, places, draws=50)
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 1]
    assert record["exposure"] == {"mass": "supervised"}
    scored = read_scores(places["both", 0, "1/2"])
    assert scored.provenance.fold == "1/2"
    trained_on = open_training_data(runs[0].config.data, runs[0].config.seed)
    assert set(scored.rows["study"]).isdisjoint(study.study_id for study in trained_on.records)
    elsewhere = load_ablation(folder / "plan.yaml", [f"data.root={folder / 'manifest.csv'}"])
    assert str(folder) not in json.dumps(record_of(elsewhere, places, draws=50))


def test_a_record_is_written_as_strict_json_and_read_by_its_name(tmp_path):
    write_record({"arms": {}, "value": 0.123456789, "undefined": math.nan, "counts": {1: (2, 3)}}, tmp_path / "a.json")
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["undefined"] is None
    expected = {"arms": {}, "value": 0.123457, "undefined": None, "counts": {"1": [2, 3]}}
    assert read_records(tmp_path) == {"a": expected}


def test_a_directory_without_records_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no record of an ablation"):
        read_records(tmp_path)


def test_a_record_is_finished_once_a_run_is():
    assert is_finished(COMPONENTS)
    assert not is_finished({"arms": {"base": {"done": 0}}})

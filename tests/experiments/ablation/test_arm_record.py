"""The record of one arm: its cells, its difference to the first, and what it lacks."""

from __future__ import annotations

import json

import pytest

from ablation_fakes import runs_of
from radz.experiments.ablation.arm_record import arm_record, training_seconds
from radz.experiments.ablation.plan import load_ablation
from radz.metrics.scores_file import read_scores


def record_of(folder, output, name: str, only: tuple[str, ...] = ("base", "both", "base, raw projector")) -> dict:
    ablation, (_, places) = load_ablation(folder / "plan.yaml"), runs_of(folder, output)
    tables = {place: read_scores(path) for place, path in places.items() if path.is_file() and place[0] in only}
    return arm_record(ablation, name, tables, places, draws=20)


def test_an_arm_has_its_cells_and_the_mean_of_those_that_are_finished(folder, finished):
    arm = record_of(folder, finished, "both")
    assert (arm["done"], arm["cells_planned"], arm["claim"]) == (1, 2, 78.4)
    assert [*arm["cells"]] == ["seed 0, fold 1/2"]
    assert [*arm["runs"]] == ["seed 0, fold 1/2", "seed 0, fold 2/2"]
    assert arm["auroc_within"][0] == pytest.approx(arm["cells"]["seed 0, fold 1/2"])
    assert [*arm["findings"]] == ["mass"]
    assert arm["training_seconds"][0] > 0


def test_a_difference_is_the_arm_minus_the_first_one(folder, finished):
    base, both = (record_of(folder, finished, name) for name in ("base", "both"))
    assert "difference" not in base
    value, low, high, p = both["difference"]
    assert value == pytest.approx(both["auroc_within"][0] - base["auroc_within"][0])
    assert low <= value <= high
    assert 0 < p <= 1
    assert "difference" not in record_of(folder, finished, "both", only=("both",)), "the first arm has no run"


def test_an_arm_without_runs_has_no_numbers_and_says_what_it_lacks(folder, tmp_path):
    _, places = runs_of(folder, tmp_path)
    arm = record_of(folder, tmp_path, "base")
    assert (arm["done"], arm["cells"]) == (0, {})
    assert "auroc_within" not in arm
    assert "lacks" not in arm
    note = places["base", 0, "1/2"].with_suffix(".lacking.txt")
    note.parent.mkdir(parents=True)
    note.write_text("no weights", encoding="utf-8")
    assert record_of(folder, tmp_path, "base")["lacks"] == "needs weights or images that are not available"


def test_seconds_of_a_training_are_those_in_its_directory(tmp_path):
    assert training_seconds(tmp_path) is None
    (tmp_path / "seconds.json").write_text(json.dumps({"training": 12.5}), encoding="utf-8")
    assert training_seconds(tmp_path) == 12.5

"""``radz ablate``: listing, choosing, interrupting and finishing the runs of a plan."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from ablation_fakes import finished, folder
from radz.cli import app

__all__ = ["finished", "folder"]


def test_a_dry_run_lists_what_is_done_and_makes_nothing(folder, tmp_path):
    result = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path), "--dry-run"])
    assert result.exit_code == 0
    assert "6 cells of 3 arms, 8 runs: 8 to do" in result.output
    assert "both [seed 0, fold 2/2]" in result.output
    assert not [*tmp_path.iterdir()]
    wrong = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--arm", "bose"])
    assert "Unknown arm of plan 'bose'. Did you mean 'base'" in str(wrong.exception)


def test_one_fold_of_a_plan_can_be_run_first(folder, tmp_path):
    command = ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path), "--dry-run", "--fold"]
    listed = CliRunner().invoke(app, [*command, "2"]).output
    assert "4 runs: 4 to do" in listed  # three arms and what two of them start from
    assert "fold 2/2" in listed
    assert "fold 1/2" not in listed
    assert "--fold 3: plan has the folds 1 to 2." in str(CliRunner().invoke(app, [*command, "3"]).exception)


def test_an_interrupted_command_leaves_the_table_of_what_is_done(folder, finished, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    shutil.copytree(finished, tmp_path / "out")
    monkeypatch.setattr("radz.experiments.ablation.pool.make_all", interrupted)
    result = CliRunner().invoke(app, ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path / "out")])
    assert result.exit_code != 0
    record = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 1]


@pytest.mark.slow
def test_the_command_makes_what_is_missing_in_a_process_and_shows_the_table(folder, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "out")
    stamp = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    command = ["ablate", str(folder / "plan.yaml"), "--output", str(tmp_path / "out"), "--arm", "base, raw projector"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert re.search(r"base, raw projector +2 of 2 +0\.", result.output)
    assert all(path.stat().st_mtime_ns == before for path, before in stamp.items())
    record = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert [arm["done"] for arm in record["arms"].values()] == [1, 1, 2]
    assert (tmp_path / "out" / "plan.md").is_file()

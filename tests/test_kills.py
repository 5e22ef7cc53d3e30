"""``predict``, ``evaluate`` and ``ablate``, killed at any change of a file, leave nothing torn and run again."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from typer.testing import CliRunner

from ablation_fakes import finished, folder, runs_of
from kills import run_killed
from radz.cli import app
from radz.experiments.ablation.make import SECONDS, make
from radz.metrics.scores_file import read_scores

__all__ = ["finished", "folder"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")
EARLIER = "an earlier result"


def command(*arguments):
    def run():
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exit_code == 0, done.output

    return run


def test_predict_keeps_the_earlier_results_or_has_all_of_the_new(tiny_checkpoint, image_folder, tmp_path):
    images = [image_folder / f"{i}.png" for i in range(3)]
    predict = ("predict", *images, "--model", tiny_checkpoint, "--out")
    command(*predict, tmp_path / "whole.csv")()
    whole = (tmp_path / "whole.csv").read_text()
    for change in range(1, 100):
        out = tmp_path / str(change) / "out.csv"
        out.parent.mkdir()
        out.write_text(EARLIER)
        killed = run_killed(command(*predict, out), out.parent, change)
        assert out.read_text() in ((EARLIER, whole) if killed else (whole,)), f"killed before change {change}"
        command(*predict, out)()
        assert out.read_text() == whole
        if not killed:
            break
    assert change > 4  # the trial of the place, the unfinished file, its move


def evaluate(checkpoint, manifest, out):
    images = ("--corpus", "manifest", "--root", manifest, "--option", "unlisted=absent", "--split", "val")
    return command("evaluate", "--model", checkpoint, *images, "--draws", "10", "--out", out)


def scores_in(out):
    return {path.name: read_scores(path).rows for path in out.glob("*.parquet")}


def survive_evaluations(checkpoint, manifest, tmp_path, changes) -> int:
    """How many evaluations were killed before one of ``changes``; the same command then ends as one never killed."""
    evaluate(checkpoint, manifest, tmp_path / "whole")()
    whole = scores_in(tmp_path / "whole")
    assert len(whole) > 1
    survived = 0
    for change in changes:
        out = tmp_path / str(change)
        survived += run_killed(evaluate(checkpoint, manifest, out), out, change)
        assert {*scores_in(out)} <= {*whole}  # each is whole, whatever the kill left
        evaluate(checkpoint, manifest, out)()
        left = scores_in(out)
        assert all(left[name].equals(rows) for name, rows in whole.items()), f"killed before change {change}"
    return survived


def test_evaluate_leaves_whole_files(tiny_checkpoint, labelled_images, tmp_path):
    assert survive_evaluations(tiny_checkpoint, labelled_images, tmp_path, (1, 3, 6)) == 3


@pytest.mark.slow
def test_evaluate_leaves_whole_files_at_every_change(tiny_checkpoint, labelled_images, tmp_path):
    assert survive_evaluations(tiny_checkpoint, labelled_images, tmp_path, range(1, 20)) >= 6


def begun(plan, finished, output):
    """A copy of the finished runs; the second of them, which shares tower and states, has its scores to make."""
    shutil.copytree(finished, output)
    run = runs_of(plan, output)[0][1]
    for path in run.folder.glob("scores-*.parquet"):
        path.unlink()
    return run


def survive_ablations(plan, finished, tmp_path, changes, *, trained: bool) -> int:
    """How many runs of an ablation were killed before one of ``changes``; each is then made to its end."""
    survived = 0
    for change in changes:
        run = begun(plan, finished, tmp_path / str(change))
        if not trained:
            shutil.rmtree(run.folder / "checkpoint")
        survived += run_killed(lambda run=run: make(run.write()), run.folder, change)
        make(run.write())
        assert run.state == "done", f"killed before change {change}"
        assert json.loads((run.folder / SECONDS).read_text())
        assert not [*run.folder.rglob("*.unfinished")], f"killed before change {change}"
        for name in run.scores:
            before = read_scores(finished / "runs" / run.name / name).rows
            assert read_scores(run.folder / name).rows.equals(before), f"killed before change {change}"
        shutil.rmtree(tmp_path / str(change))
    return survived


def test_a_run_of_an_ablation_killed_while_it_is_scored_goes_on(folder, finished, tmp_path):
    assert survive_ablations(folder, finished, tmp_path, range(1, 12, 3), trained=True) >= 3


@pytest.mark.slow
def test_a_run_of_an_ablation_killed_at_any_change_goes_on(folder, finished, tmp_path):
    assert survive_ablations(folder, finished, tmp_path, range(1, 60), trained=False) >= 30

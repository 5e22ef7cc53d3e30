"""``python -m radz.experiments.ablation DIR``, which makes one run."""

from __future__ import annotations

import runpy
import sys

import pytest

from ablation_fakes import runs_of


def run_module(monkeypatch, folder) -> None:
    monkeypatch.setattr(sys, "argv", ["ablation", str(folder)])
    runpy.run_module("radz.experiments.ablation", run_name="__main__")


def test_a_finished_run_is_left_as_it_is(folder, finished, monkeypatch):
    run = runs_of(folder, finished)[0][1]
    files = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*.parquet")}
    assert files
    run_module(monkeypatch, run.folder)
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*.parquet")} == files


def test_a_typed_error_is_one_line(folder, tmp_path, monkeypatch):
    run = runs_of(folder, tmp_path)[0][1]  # it starts from a run that is not made
    with pytest.raises(SystemExit, match=r"^error: .*\.$"):
        run_module(monkeypatch, run.write())

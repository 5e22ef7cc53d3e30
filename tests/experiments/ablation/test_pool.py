"""Runs over devices: who waits for whom."""

from __future__ import annotations

from threading import Barrier, Event

import pytest
import torch

from ablation_fakes import runs_of
from radz.errors import ConfigError
from radz.experiments.ablation.pool import devices, make_all


def test_devices_are_the_visible_ones(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert (devices(None), devices(2)) == ([None], [None, None])
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert (devices(None), devices(1)) == (["0", "1"], ["0"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, 7")
    assert devices(None) == ["4", "7"]
    with pytest.raises(ConfigError, match=r"--devices 3: 2 GPUs are visible. Give 1 to 2, or omit it for all"):
        devices(3)


def test_runs_wait_for_their_start_and_fail_with_it(folder, tmp_path):
    reports, order, both_starts = [], [], Barrier(2)

    def process(run, device, count):
        order.append(run.name)
        if run.config.stage == "general":
            both_starts.wait(timeout=30)  # broken unless they are made at the same time
        return "exit code 1: out of memory" if run.start is None and "general" in run.config.stage else ""

    runs, _ = runs_of(folder, tmp_path)
    failed = make_all(runs, ["0", "1"], lambda run, what: reports.append((run.name, what)), process)
    general = [run.name for run in runs if run.config.stage == "general"]
    assert {name for name in failed if name in general} == set(general)
    assert sum("that it starts from failed: exit code 1" in why for why in failed.values()) == 4
    assert len(order) == 4  # two starts and two raw arms; what starts from a failed run is never begun


def test_a_fold_is_through_as_early_as_it_can_be_and_no_run_waits_for_a_tower_while_others_could_go(folder, tmp_path):
    runs, _ = runs_of(folder, tmp_path)
    begun, first_fold_is_through = [], Event()

    def process(run, device, count):
        begun.append(run)
        if run is starts[1]:
            assert first_fold_is_through.wait(timeout=30)
        if len(begun) == 5:
            first_fold_is_through.set()
        return ""

    starts = [run for run in runs if run.config.stage == "general"]
    assert make_all(runs, [None, None], lambda run, what: None, process) == {}
    assert begun[:2] == starts  # of the second fold, as all else on the first fold's films needs its tower
    assert [run.config.data.fold for run in begun[2:]] == ["1/2"] * 3 + ["2/2"] * 3

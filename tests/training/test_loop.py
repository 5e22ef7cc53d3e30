"""The training loop: it learns, logs, resumes exactly and stops at numbers that are not finite."""

from __future__ import annotations

import shutil

import pytest
import torch

from radz.config import TrainConfig
from radz.errors import TrainingError
from radz.training.loop import steps_planned
from radz.training.train import train
from training_runs import FOUR_LOSSES, equal, killed_in_step, logged, losses, run_config


@pytest.mark.parametrize("views", [0, 2])
def test_a_killed_run_resumes_with_the_same_losses(manifest, llava_dir, tmp_path, views):
    """Killed in the middle of a pass, a step after the last state."""
    data = {"cached_views": views}
    whole = train(run_config(manifest, llava_dir, tmp_path / "whole", data=data))
    with killed_in_step(4):
        train(run_config(manifest, llava_dir, tmp_path / "killed", data=data))
    assert not (tmp_path / "killed" / "checkpoint").exists()
    resumed = train(run_config(manifest, llava_dir, tmp_path / "killed", data=data))
    assert len(losses(tmp_path / "whole")) == 6
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert equal(whole, resumed)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_killed_between_two_passes_resumes_with_the_same_losses(manifest, llava_dir, tmp_path, workers):
    settings = {"save_steps": 3, "workers": workers}
    whole = train(run_config(manifest, llava_dir, tmp_path / "whole", train=settings))
    with killed_in_step(4):
        train(run_config(manifest, llava_dir, tmp_path / "killed", train=settings))
    assert equal(whole, train(run_config(manifest, llava_dir, tmp_path / "killed", train=settings)))


def test_a_finished_run_is_not_trained_again(manifest, llava_dir, tmp_path):
    run = run_config(manifest, llava_dir, tmp_path)
    first = train(run)
    shutil.copytree(first, tmp_path / "first")
    with pytest.raises(BaseException, match="DID NOT RAISE"), killed_in_step(1):  # no step is made
        train(run)
    assert equal(tmp_path / "first", first)


@pytest.mark.parametrize("views", [0, 2])
def test_four_losses_train_together_and_resume_exactly(manifest, llava_dir, tmp_path, views):
    change = {"data": {"second_view": True, "cached_views": views}, "loss": {"weights": FOUR_LOSSES}}
    settings = {"max_steps": 4, "keep_states": 2, "learning_rate": 0.01}
    run = run_config(manifest, llava_dir, tmp_path, **change, train=settings)
    train(run)
    lines = [line for line in logged(tmp_path) if "loss" in line]
    shutil.rmtree(tmp_path / "align" / "checkpoint-4")
    train(run)
    assert [line["loss"] for line in logged(tmp_path) if "loss" in line] == [line["loss"] for line in lines]
    for line in lines:
        total = sum(weight * line[f"loss_{name}"] for name, weight in FOUR_LOSSES.items())
        assert line["loss"] == pytest.approx(total, abs=1e-6)
    assert all(line["loss_consistency"] > 0 for line in lines)


def test_it_learns_and_logs_every_term_and_the_validation(manifest, llava_dir, tmp_path):
    measured = []

    def validate(model):
        measured.append(model.eval())
        return {"auroc": 0.5}

    rates = {"learning_rate": 0.01, "projector_rate": 0.01}
    settings = {"epochs": 12, "batch_size": 18, "save_steps": 12, **rates}
    train(run_config(manifest, llava_dir, tmp_path, train=settings), validate)
    lines = logged(tmp_path)
    assert losses(tmp_path)[-1] < 0.8 * losses(tmp_path)[0]
    assert lines[0]["loss_alignment"] == pytest.approx(lines[0]["loss"], abs=1e-6)
    assert {"grad_norm", "learning_rate", "epoch", "step"} <= lines[0].keys()
    assert [line["step"] for line in lines if "val_auroc" in line] == list(range(1, 13))
    assert len(measured) == 12


def test_log_lines_are_means_over_their_steps(manifest, llava_dir, tmp_path):
    for name, every in (("each", 1), ("two", 2)):
        train(run_config(manifest, llava_dir, tmp_path / name, train={"log_steps": every}))
    each, two = losses(tmp_path / "each"), losses(tmp_path / "two")
    assert two == pytest.approx([(a + b) / 2 for a, b in zip(each[::2], each[1::2], strict=True)])


def test_the_learning_rate_rises_and_falls_to_zero(manifest, llava_dir, tmp_path):
    train(run_config(manifest, llava_dir, tmp_path, train={"warmup_fraction": 0.5, "projector_rate": 0.01}))
    rates = [line["learning_rate"] for line in logged(tmp_path)]
    assert rates[:3] == pytest.approx([0.01 / 3, 0.02 / 3, 0.01])
    assert rates[2] > rates[3] > rates[4] > rates[5] == pytest.approx(0, abs=1e-9)


def test_a_training_whose_numbers_are_not_finite_stops_and_says_so(manifest, llava_dir, tmp_path):
    wild = {"learning_rate": 1e30, "head_rate": 1e30, "epochs": 4, "warmup_fraction": 0.0}
    with pytest.raises(
        TrainingError,
        match=r"(loss 'alignment'|norm of the gradients) is (nan|inf) in step [1-9]\. This step is not saved",
    ):
        train(run_config(manifest, llava_dir, tmp_path, train=wild))
    assert not (tmp_path / "checkpoint").exists()


def test_freed_memory_goes_back_to_the_system(manifest, llava_dir, tmp_path, monkeypatch):
    calls: list[int] = []
    monkeypatch.setattr("radz.training.loop.trim_heap", lambda: calls.append(1))
    train(run_config(manifest, llava_dir, tmp_path, train={"max_steps": 4}))
    assert len(calls) == (0 if torch.cuda.is_available() else 2)  # every other step


def test_a_tracker_gets_every_term(manifest, llava_dir, tmp_path):
    pytest.importorskip("tensorboard")
    train(run_config(manifest, llava_dir, tmp_path, train={"max_steps": 2, "reporters": ["tensorboard"]}))
    (events,) = (tmp_path / "align").rglob("events.out.tfevents.*")
    assert b"loss_alignment" in events.read_bytes()


@pytest.mark.parametrize(("settings", "steps"), [({"epochs": 2}, 14), ({"epochs": 0.5}, 4), ({"epochs": 0}, 0),
                                                 ({"epochs": 2, "max_steps": 3}, 3)])  # fmt: skip
def test_steps_of_a_run(settings, steps):
    assert steps_planned(TrainConfig(**settings), per_epoch=7) == steps

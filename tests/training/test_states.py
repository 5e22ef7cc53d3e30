"""States are whole or absent: whatever a kill or a full disk leaves, the same command goes on."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kills import run_killed
from radz.errors import CheckpointError, ConfigError, TrainingError
from radz.training import states
from radz.training.states import damage, keep_newest, newest_state, read_progress, steps_done, whole_states, writing
from radz.training.train import train
from training_runs import equal, killed_in_step, logged, losses, run_config


@pytest.fixture(scope="module")
def whole(manifest, llava_dir, tmp_path_factory):
    """An uninterrupted run of six steps with all its states."""
    output = tmp_path_factory.mktemp("whole")
    train(run_config(manifest, llava_dir, output, train={"keep_states": 3}))
    return output


@pytest.fixture
def run(whole, manifest, llava_dir, tmp_path):
    """The same run, killed after four steps: its configuration; states of steps 2 and 4 are left."""
    shutil.copytree(whole, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoint")
    shutil.rmtree(tmp_path / "run" / "align" / "checkpoint-6")
    return run_config(manifest, llava_dir, tmp_path / "run", train={"keep_states": 3})


def cut(path, share=0.5):
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


FILES = ("learned.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("file", FILES)
def test_a_state_with_a_file_cut_short_is_damaged(whole, tmp_path, file, share):
    state = shutil.copytree(whole / "align" / "checkpoint-6", tmp_path / "checkpoint-6")
    assert damage(state) is None
    cut(state / file, share)
    assert damage(state)


@pytest.mark.parametrize("file", ["learned.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_torn_newest_state_falls_back_to_the_one_before(whole, run, caplog, file):
    cut(run.output / "align" / "checkpoint-4" / file)
    checkpoint = train(run)
    assert "checkpoint-4 is damaged" in caplog.text
    assert losses(run.output) == losses(whole)
    assert equal(checkpoint, whole / "checkpoint")


def test_a_run_killed_inside_its_first_state_starts_anew(whole, run):
    shutil.rmtree(run.output / "align" / "checkpoint-4")
    for file in FILES[1:]:
        (run.output / "align" / "checkpoint-2" / file).unlink()
    leftover = run.output / "align" / ".checkpoint-2-abc.unfinished"
    leftover.mkdir()
    assert equal(train(run), whole / "checkpoint")
    assert not leftover.exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.99])
def test_a_run_whose_settings_are_cut_short_resumes(whole, run, share):
    cut(run.output / "config.yaml", share)
    assert equal(train(run), whole / "checkpoint")


def test_a_full_disk_leaves_a_run_that_resumes(whole, run, monkeypatch):
    def full(tensors, path):
        save_file(tensors, path)
        cut(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(states, "save_file", full)
    with pytest.raises(TrainingError, match=r"state of step 6 could not be written to .*No space left.*run the same"):
        train(run)
    monkeypatch.undo()
    assert sorted(path.name for path in (run.output / "align").iterdir()) == ["checkpoint-2", "checkpoint-4"]
    assert equal(train(run), whole / "checkpoint")


def test_a_kill_while_a_state_is_written_leaves_the_one_before(run, tmp_path):
    folder = run.output / "align"
    with contextlib.suppress(KeyboardInterrupt), writing(folder, 6, {"a": torch.ones(2)}, []) as partial:
        torch.save({}, partial / "optimizer.pt")
        raise KeyboardInterrupt
    assert not (folder / "checkpoint-6").exists()
    assert newest_state(folder) == folder / "checkpoint-4"
    assert steps_done(folder / "checkpoint-4") == 4


def test_only_the_newest_states_are_kept(run):
    folder = run.output / "align"
    keep_newest(folder, 1)
    assert whole_states(folder) == [folder / "checkpoint-4"]


def test_a_state_of_radz_0_1_is_resumed(whole, run):
    """Its random state also holds Python's and numpy's; transformers' Trainer wrote more into trainer_state.json."""
    state = run.output / "align" / "checkpoint-4"
    cpu = torch.load(state / "rng_state.pth")["cpu"]
    numpy_state = np.random.get_state()
    torch.save({"python": (3, (1, 2), None), "numpy": numpy_state, "cpu": cpu}, state / "rng_state.pth")
    torch.save(object, state / "training_args.bin")
    progress = json.loads((state / "trainer_state.json").read_text())
    (state / "trainer_state.json").write_text(
        json.dumps(progress | {"best_metric": None, "is_world_process_zero": True})
    )
    assert equal(train(run), whole / "checkpoint")


def test_a_state_of_other_processes_is_refused(run):
    state = run.output / "align" / "checkpoint-4"
    (state / "rng_state.pth").rename(state / "rng_state_0.pth")
    with pytest.raises(CheckpointError, match=r"written by another number of processes\. Resume with as many"):
        train(run)


def test_progress_is_read_back(whole):
    steps, lines = read_progress(whole / "align" / "checkpoint-6")
    assert steps == 6
    assert lines == logged(whole)


def test_a_run_killed_twice_resumes(whole, manifest, llava_dir, tmp_path):
    run = run_config(manifest, llava_dir, tmp_path)
    for step in (4, 2):  # of the run, then of what is left
        with killed_in_step(step):
            train(run)
    assert equal(train(run), whole / "checkpoint")


def test_the_checkpoint_is_the_mean_of_the_newest_states(manifest, llava_dir, tmp_path):
    steps = {"max_steps": 4, "save_steps": 1, "keep_states": 3, "average_states": 2}
    checkpoint = train(run_config(manifest, llava_dir, tmp_path, train=steps))
    mean = load_file(checkpoint / "model.safetensors")
    third, fourth = (load_file(tmp_path / f"align/checkpoint-{n}/learned.safetensors") for n in (3, 4))
    moved = [n for n in mean if mean[n].is_floating_point() and not torch.equal(third[n], fourth[n])]
    assert moved
    for name in moved:  # measured: 0
        torch.testing.assert_close(mean[name], (third[name] + fourth[name]) / 2, rtol=1e-6, atol=1e-7)
    again = load_file(train(run_config(manifest, llava_dir, tmp_path, train=steps)) / "model.safetensors")
    assert all(torch.equal(mean[name], again[name]) for name in mean)  # nothing left to train


def test_a_mean_of_more_states_than_there_are_is_refused(manifest, llava_dir, tmp_path):
    with pytest.raises(ConfigError, match=r"average_states \(3\) needs as many states: train.keep_states is 1"):
        run_config(manifest, llava_dir, tmp_path, train={"average_states": 3})
    steps = {"max_steps": 2, "save_steps": 2, "keep_states": 3, "average_states": 3}
    with pytest.raises(CheckpointError, match="mean of 3 states, but the run left 1"):
        train(run_config(manifest, llava_dir, tmp_path, train=steps))


def survive(manifest, llava_dir, folder, whole, changes) -> int:
    """How many runs were killed before one of the given ``changes`` of their directory; each then resumes."""
    killed = 0
    for change in changes:
        run = run_config(manifest, llava_dir, folder / str(change), train={"keep_states": 1}, warmup={"epochs": 1})
        killed += run_killed(lambda run=run: train(run), run.output, change)
        assert equal(train(run), whole), f"killed before change {change}"
        assert not [*run.output.rglob("*.unfinished")], f"killed before change {change}"
    return killed


@pytest.fixture(scope="module")
def warmed_up(manifest, llava_dir, tmp_path_factory):
    """The checkpoint of an uninterrupted run with a warm-up."""
    output = tmp_path_factory.mktemp("warmed_up")
    return train(run_config(manifest, llava_dir, output, train={"keep_states": 1}, warmup={"epochs": 1}))


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_run_killed_at_any_change_of_a_file_resumes(manifest, llava_dir, tmp_path, warmed_up):
    assert survive(manifest, llava_dir, tmp_path, warmed_up, range(2, 40, 8)) >= 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_run_killed_at_every_change_of_a_file_resumes(manifest, llava_dir, tmp_path, warmed_up):
    assert survive(manifest, llava_dir, tmp_path, warmed_up, range(1, 46)) >= 36

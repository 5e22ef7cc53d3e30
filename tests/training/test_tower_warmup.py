"""The warm-up moves the tower, is done once, and is done again where its file is damaged."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from radz.errors import CheckpointError
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.training.task import TowerTask
from radz.training.train import train
from radz.types import NORMAL
from training_runs import killed_in_step, run_config


def test_warm_up_moves_the_tower_and_is_done_once(manifest, llava_dir, tmp_path):
    settings = run_config(
        manifest, llava_dir, tmp_path, warmup={"epochs": 1, "batch_size": 6}, train={"max_steps": 1, "batch_size": 6}
    )
    checkpoint = train(settings)
    first = load_file(checkpoint / "model.safetensors")
    head = load_tower_head(checkpoint)
    assert head.concepts == (NORMAL, "effusion", "mass")
    assert head.weight.shape[0] == 3
    model, provenance = load_checkpoint(checkpoint)
    assert "supervised, 1 epochs" in provenance.warmup
    fresh = build_model(settings.model, settings.seed)
    moved = {n for n, t in model.tower.state_dict().items() if not torch.equal(t, fresh.tower.state_dict()[n])}
    assert moved
    stamp = (tmp_path / "tower.safetensors").stat().st_mtime_ns
    again = load_file(train(settings) / "model.safetensors")
    assert (tmp_path / "tower.safetensors").stat().st_mtime_ns == stamp
    assert all(torch.equal(first[n], again[n]) for n in first if n.startswith("tower."))


def test_the_warm_up_can_leave_no_finding_out_and_says_so_where_an_older_one_did(manifest, llava_dir, tmp_path):
    steps = {"train": {"max_steps": 1, "batch_size": 6}}
    findings = {"epochs": 1, "batch_size": 6, "targets": "findings"}
    checkpoint = train(run_config(manifest, llava_dir, tmp_path, warmup=findings, **steps))
    assert load_tower_head(checkpoint).concepts == ("effusion", "mass")
    with pytest.raises(CheckpointError, match=r"saved for 2 labels, and this run has 3: set warmup\.targets"):
        train(run_config(manifest, llava_dir, tmp_path, warmup=findings | {"targets": "with_normal"}, **steps))


def test_a_damaged_tower_is_written_again_from_the_states_of_the_warm_up(manifest, llava_dir, tmp_path, caplog):
    run = run_config(manifest, llava_dir, tmp_path, warmup={"epochs": 1, "batch_size": 6}, train={"max_steps": 1})
    train(run)
    tower = tmp_path / "tower.safetensors"
    whole = tower.read_bytes()
    tower.write_bytes(whole[: len(whole) // 2])
    train(run)
    assert "tower.safetensors is damaged" in caplog.text
    assert tower.read_bytes() == whole


AVERAGED = {"epochs": 4, "batch_size": 6, "average": 0.8}


def test_an_interrupted_warm_up_resumes_its_average_exactly(manifest, llava_dir, tmp_path):
    """Twelve steps, killed in the eighth, after the states of steps 2, 4 and 6."""
    train(run_config(manifest, llava_dir, tmp_path / "whole", warmup=AVERAGED, train={"max_steps": 1}))
    run = run_config(manifest, llava_dir, tmp_path / "killed", warmup=AVERAGED, train={"max_steps": 1})
    with killed_in_step(8, TowerTask):
        train(run)
    train(run)
    towers = [load_file(tmp_path / name / "tower.safetensors") for name in ("whole", "killed")]
    assert all(torch.equal(towers[0][name], towers[1][name]) for name in towers[0])


def test_the_tower_takes_the_averaged_weights(manifest, llava_dir, tmp_path):
    """A decay near 1 stays at the weights after the first step, far from the last ones."""
    for name, change in (("last", {}), ("average", {"average": 0.999999})):
        warmup = {"epochs": 4, "batch_size": 6, **change}
        train(run_config(manifest, llava_dir, tmp_path / name, warmup=warmup, train={"max_steps": 1}))
    once = {"epochs": 4, "batch_size": 6, "average": 0.8}
    run = run_config(manifest, llava_dir, tmp_path / "first", warmup=once, train={"max_steps": 1, "save_steps": 1})
    with killed_in_step(2, TowerTask):
        train(run)
    first = load_file(tmp_path / "first" / "warmup" / "checkpoint-1" / "learned.safetensors")["head.weight"]
    last, average = (load_file(tmp_path / name / "tower.safetensors")["head.weight"] for name in ("last", "average"))
    torch.testing.assert_close(average, first, atol=1e-6, rtol=0)
    assert (last - first).abs().max() > 1e-3

"""The warm-up moves the tower, is done once, and is done again where its file is damaged."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from radz.errors import CheckpointError
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.training.train import train
from radz.types import NORMAL
from training_runs import run_config


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

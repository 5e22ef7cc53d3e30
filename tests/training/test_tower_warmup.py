"""The warm-up moves the tower, is done once, and is done again where its file is damaged."""

from __future__ import annotations

import torch
from safetensors.torch import load_file

from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.training.train import train
from training_runs import run_config


def test_warm_up_moves_the_tower_and_is_done_once(manifest, llava_dir, tmp_path):
    settings = run_config(
        manifest, llava_dir, tmp_path, warmup={"epochs": 1, "batch_size": 6}, train={"max_steps": 1, "batch_size": 6}
    )
    checkpoint = train(settings)
    first = load_file(checkpoint / "model.safetensors")
    head = load_tower_head(checkpoint)
    assert head.concepts == ("effusion", "mass")
    model, provenance = load_checkpoint(checkpoint)
    assert "supervised, 1 epochs" in provenance.warmup
    fresh = build_model(settings.model, settings.seed)
    moved = {n for n, t in model.tower.state_dict().items() if not torch.equal(t, fresh.tower.state_dict()[n])}
    assert moved
    stamp = (tmp_path / "tower.safetensors").stat().st_mtime_ns
    again = load_file(train(settings) / "model.safetensors")
    assert (tmp_path / "tower.safetensors").stat().st_mtime_ns == stamp
    assert all(torch.equal(first[n], again[n]) for n in first if n.startswith("tower."))


def test_a_damaged_tower_is_written_again_from_the_states_of_the_warm_up(manifest, llava_dir, tmp_path, caplog):
    run = run_config(manifest, llava_dir, tmp_path, warmup={"epochs": 1, "batch_size": 6}, train={"max_steps": 1})
    train(run)
    tower = tmp_path / "tower.safetensors"
    whole = tower.read_bytes()
    tower.write_bytes(whole[: len(whole) // 2])
    train(run)
    assert "tower.safetensors is damaged" in caplog.text
    assert tower.read_bytes() == whole

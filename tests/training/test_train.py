"""One run from a configuration to a checkpoint: everything that trains comes back with it."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from radz import registry
from radz.config import TrainConfig
from radz.model.build import PARTS
from radz.model.checkpoint import load_checkpoint, load_tower_head
from radz.serve.predictor import Predictor
from radz.training.train import rates_of, train
from training_runs import FOUR_LOSSES, losses, run_config


def test_attention_trains_its_queries_and_predicts_with_maps(manifest, llava_dir, tmp_path):
    model = {"readout": {"dim": 8, "pooling": "attention", "granularity": "both"}}
    settings = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "head_rate": 0.01}
    change = {"data": {"options": {"unlisted": "absent"}, "second_view": True}, "loss": {"weights": FOUR_LOSSES}}
    checkpoint = train(run_config(manifest, llava_dir, tmp_path, model=model, train=settings, **change))
    weights = load_file(checkpoint / "model.safetensors")
    assert all(weights[f"readout.queries.{modality}"].abs().min() > 0 for modality in ("image", "text"))
    predictor, film = Predictor.load(checkpoint), manifest.parent / "0.png"
    findings = predictor.predict(film, ["mass", "effusion"]).findings
    assert all(-2 <= finding.score <= 2 for finding in findings)
    assert {name: each.shape for name, each in predictor.maps(film, ["mass"]).items()} == {"mass": (2, 2)}


@pytest.mark.parametrize("strategy", ["learned", "hybrid"])
def test_anchors_train_and_come_back_with_the_checkpoint(manifest, llava_dir, tmp_path, strategy):
    settings = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "head_rate": 0.01}
    change = {"anchors": strategy, "loss": {"weights": {"alignment": 0.5, "knowledge": 0.5}}, "train": settings}
    checkpoint = train(run_config(manifest, llava_dir, tmp_path, **change))
    saved = json.loads((checkpoint / "config.json").read_text())["model"]["anchors"]
    assert saved == {"strategy": strategy, "concepts": ["no_finding", "effusion", "mass"]}
    predictor = Predictor.load(checkpoint)
    weights = load_file(checkpoint / "model.safetensors")
    for name, tensor in predictor.model.model.anchors.state_dict().items():
        assert torch.equal(tensor, weights[f"anchors.{name}"])
    assert predictor.anchors(["mass", "effusion"]).strategy == strategy
    film = str(manifest.parent / "0.png")
    default = {"learned": {"effusion", "mass"}, "hybrid": {c.id for c in predictor.knowledge if c.default}}
    assert {finding.name for finding in predictor.predict(film).findings} == default[strategy]
    assert len(predictor.predict(film, ["mass", "effusion"]).findings) == 2
    fresh = registry.load("anchors", strategy)(saved["concepts"], 16).state_dict()
    changed = {n for n in fresh if n not in ("inner.weight", "inner.bias")}
    assert all(not torch.equal(fresh[n], weights[f"anchors.{n}"]) for n in changed)

    again = train(run_config(manifest, llava_dir, tmp_path / "again", start=str(checkpoint), **change))
    assert load_checkpoint(again)[0].config.anchors == load_checkpoint(checkpoint)[0].config.anchors


def test_a_head_of_a_tower_that_moved_on_is_not_kept(manifest, llava_dir, tmp_path):
    parts = ["tower", "projector", "lora", "tokens", "heads"]
    settings = run_config(
        manifest,
        llava_dir,
        tmp_path,
        warmup={"epochs": 1},
        train={"max_steps": 1, "batch_size": 6, "train_parts": parts},
    )
    assert load_tower_head(train(settings)) is None


def test_parts_are_kept_in_half_where_the_configuration_says_so(manifest, llava_dir, tmp_path):
    halved = {"max_steps": 1, "batch_size": 6, "half_parts": ["lora"]}
    weights = load_file(train(run_config(manifest, llava_dir, tmp_path, train=halved)) / "model.safetensors")
    half = {name for name, tensor in weights.items() if tensor.dtype == torch.float16}
    assert half == {name for name in weights if ".lora_" in name}
    assert half


def test_activation_checkpointing_changes_no_loss(manifest, llava_dir, tmp_path):
    for name, on in (("plain", False), ("checkpointed", True)):
        change = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "checkpointing": on}
        train(run_config(manifest, llava_dir, tmp_path / name, train=change))
    assert losses(tmp_path / "checkpointed") == pytest.approx(losses(tmp_path / "plain"), abs=1e-6)  # measured: 0


def test_bfloat16_trains_and_stays_close(manifest, llava_dir, tmp_path):
    for dtype in ("float32", "bfloat16"):
        change = {"batch_size": 6, "max_steps": 2, "save_steps": 2, "dtype": dtype}
        train(run_config(manifest, llava_dir, tmp_path / dtype, train=change))
    assert losses(tmp_path / "bfloat16") == pytest.approx(losses(tmp_path / "float32"), rel=0.1)  # measured: 0.009


def test_every_part_has_a_rate():
    assert rates_of(TrainConfig()).keys() == PARTS.keys()

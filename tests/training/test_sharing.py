"""Towers and states that runs share, named by content."""

from __future__ import annotations

from pathlib import Path

import torch

from radz.config import DataConfig, ModelConfig, TrainConfig, WarmupConfig
from radz.training.sharing import image_identity, shared_tower, tensors_sha256
from radz.training.train import train
from radz.types import Presence, Study
from training_runs import OPTIONS, run_config, weights


def test_towers_and_states_that_are_shared_change_no_weight(manifest, llava_dir, tmp_path):
    change = {"data": {"options": OPTIONS, "cached_views": 2}, "warmup": {"epochs": 1, "batch_size": 6}}
    change["train"] = {"max_steps": 2}
    folder = tmp_path / "shared"
    alone = weights(train(run_config(manifest, llava_dir, tmp_path / "alone", **change)))
    for name in ("first", "second"):
        run = run_config(manifest, llava_dir, tmp_path / name, **change, shared=str(folder))
        shared = weights(train(run))
        assert all(torch.equal(alone[n], shared[n]) for n in alone)
        assert not (tmp_path / name / "tower.safetensors").exists()
    assert len([*folder.glob("states-*.safetensors")]) == 1
    train(run_config(manifest, llava_dir, tmp_path / "other", **change, shared=str(folder), seed=1))
    assert len([*folder.glob("states-*.safetensors")]) == 2


def test_names_depend_on_what_is_seen_and_not_on_where_it_lies():
    studies = [Study("a", "p", labels={"mass": Presence.PRESENT}), Study("b", "q")]
    data = DataConfig(root="here")
    identity = image_identity(data, 0, studies)
    assert image_identity(DataConfig(root="there"), 0, studies) == identity
    others = [(data, 1, studies), (data, 0, studies[::-1]), (data.model_copy(update={"flip": "half"}), 0, studies)]
    assert all(image_identity(*other) != identity for other in others)


def test_a_shared_tower_has_another_name_for_another_recipe():
    def name(model=None, **warmup):
        return shared_tower(Path(), [], WarmupConfig(**warmup), TrainConfig(), ModelConfig(**(model or {}))).name

    changes = [{"average": 0.99}, {"targets": "findings"}, {"dropout": 0.0}, {"dtype": "bfloat16"}]
    names = [name(), name({"image_size": 320}), *(name(**change) for change in changes)]
    assert len(set(names)) == len(names)


def test_the_hash_of_tensors_covers_names_types_and_values():
    state = {"a": torch.ones(2), "b": torch.zeros(3)}
    hashes = [
        tensors_sha256(tensors)
        for tensors in (
            state,
            {**state, "a": torch.tensor([1.0, 1.5])},
            {**state, "a": torch.ones(2, dtype=torch.float64)},
            {"c": state["a"], "b": state["b"]},
        )
    ]
    assert len(set(hashes)) == 4
    assert tensors_sha256(dict(reversed(state.items()))) == hashes[0]

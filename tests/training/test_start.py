"""What a run starts with, and what it refuses to start with."""

from __future__ import annotations

import pytest

from radz.errors import ConfigError, LeakageError
from radz.model.checkpoint import load_checkpoint
from radz.training.train import train
from training_runs import OPTIONS, run_config


@pytest.mark.parametrize(
    "change",
    [
        {"loss": {"weights": {"alignment": 1.0}}},
        {"loss": {"weights": {"knowledge": 1.0}}, "train": {"train_parts": ["lora", "heads"]}},
    ],
)
def test_anchors_that_nothing_would_train_are_refused(manifest, llava_dir, tmp_path, change):
    with pytest.raises(ConfigError, match="The anchors 'hybrid' learn"):
        train(run_config(manifest, llava_dir, tmp_path, anchors="hybrid", **change))


def test_a_second_run_starts_from_a_checkpoint_and_remembers_it(manifest, llava_dir, tmp_path):
    first = train(run_config(manifest, llava_dir, tmp_path / "1", train={"max_steps": 1, "batch_size": 6}))
    second = train(
        run_config(manifest, llava_dir, tmp_path / "2", start=str(first), train={"max_steps": 1, "batch_size": 6})
    )
    assert load_checkpoint(second)[1].started_from == load_checkpoint(first)[1].fingerprint


def test_a_checkpoint_that_has_seen_what_is_held_out_is_refused(manifest, llava_dir, tmp_path):
    start = train(run_config(manifest, llava_dir, tmp_path / "1", train={"max_steps": 1}))
    data = {"options": OPTIONS, "held_out": ["mass"]}
    with pytest.raises(LeakageError, match="mass"):
        train(run_config(manifest, llava_dir, tmp_path / "2", start=str(start), data=data, train={"batch_size": 2}))

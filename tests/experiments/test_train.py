"""``radz.train``: a configuration to a checkpoint, validated after each epoch."""

from __future__ import annotations

import json

import pytest

import radz
from radz.config import RunConfig, build_config
from radz.errors import UnknownNameError
from radz.experiments.train import validation
from radz.model.encoder import Encoder
from tiny import tiny_model


@pytest.fixture
def tree(llava_dir, labelled_images, tmp_path):
    return {
        "output": str(tmp_path / "run"),
        "data": {"corpus": "manifest", "root": str(labelled_images), "options": {"unlisted": "absent"}},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2}},
        "train": {"batch_size": 8, "max_steps": 1, "dtype": "float32"},
    }


def test_a_configuration_becomes_a_checkpoint(tree):
    result = radz.train(build_config(RunConfig, tree))
    assert result.checkpoint == build_config(RunConfig, tree).output / "checkpoint"
    assert repr(result) == f"<TrainingResult: {result.checkpoint}>"
    assert json.loads(result.to_json()) == {"checkpoints": [str(result.checkpoint)]}
    (row,) = result.to_frame().to_dict("records")
    assert row["fingerprint"] == radz.load(result.checkpoint).fingerprint
    assert radz.train is radz.train, "a module of that name never takes the function's place"


def test_validation_scores_the_validation_split_through_the_one_scorer(tree, llava_dir):
    validate = validation(build_config(RunConfig, tree))
    metrics = validate(tiny_model(llava_dir))
    assert 0 <= metrics["auroc_within"] <= 1
    assert metrics == validate(Encoder(tiny_model(llava_dir)).model), "the same model, the same numbers"


def test_without_a_validation_split_or_trained_features_there_is_none(tree):
    assert validation(build_config(RunConfig, tree | {"stage": "general"})) is None


def test_another_baseline_does_not_train(tree):
    with pytest.raises(UnknownNameError, match="baseline that trains 'clip'"):
        radz.train(build_config(RunConfig, tree), baseline="clip")

"""Linear heads on a tower that another model runs, and networks trained on labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from baseline_fakes import CONTEXT, STUDIES
from eval_fakes import make_anchors
from model_fakes import PROVENANCE
from radz import registry
from radz.baselines import open_baseline
from radz.errors import CheckpointError, ConfigError
from radz.model.checkpoint import TowerHead, save_checkpoint
from radz.model.encoder import Encoder
from radz.types import NORMAL
from tiny import tiny_model

HEAD = TowerHead(("effusion", "mass"), torch.linspace(-1, 1, 32).view(2, 16), torch.tensor([0.5, -0.5]))
SUPERVISED = registry.load("baselines", "supervised")


@pytest.fixture(scope="module")
def encoder(llava_dir):
    return Encoder(tiny_model(llava_dir))


def test_the_head_is_linear_in_the_mean_tower_state(encoder):
    scores = SUPERVISED.of_encoder(encoder, HEAD).score(STUDIES, make_anchors(("mass", "fracture")))
    expected = encoder.encode(STUDIES).tower @ HEAD.weight[1] + HEAD.bias[1]
    np.testing.assert_allclose(scores.values[:, 0], expected.numpy(), atol=1e-5)
    assert np.isnan(scores.values[:, 1]).all()
    assert scores.notes == {"fracture": "not a label that it was trained with"}


def test_no_finding_is_never_scored_as_a_disease(encoder):
    head = TowerHead(("mass", NORMAL), HEAD.weight, HEAD.bias)
    scores = SUPERVISED.of_encoder(encoder, head).score(STUDIES, make_anchors(("mass", NORMAL)))
    assert np.isfinite(scores.values[:, 0]).all()
    assert np.isnan(scores.values[:, 1]).all()
    assert scores.notes == {NORMAL: "not a label that it was trained with"}


def test_it_shares_the_forward_pass_of_its_encoder(encoder):
    model = SUPERVISED.of_encoder(encoder, HEAD)
    assert model.encode == encoder.encode
    assert {model.encode: 1} == {encoder.encode: 1}, "a scorer groups models by their encode"
    assert model.modules() == encoder.modules()


def test_a_checkpoint_with_a_warm_up_is_opened(encoder, tmp_path):
    save_checkpoint(encoder.model, tmp_path / "warmed", PROVENANCE, HEAD)
    scores = open_baseline("supervised", str(tmp_path / "warmed"), CONTEXT).score(STUDIES, make_anchors(("mass",)))
    expected = SUPERVISED.of_encoder(encoder, HEAD).score(STUDIES, make_anchors(("mass",)))
    np.testing.assert_allclose(scores.values, expected.values, atol=1e-5)


def test_a_checkpoint_without_one_is_refused(encoder, tmp_path):
    save_checkpoint(encoder.model, tmp_path / "cold", PROVENANCE)
    with pytest.raises(CheckpointError, match=r"has no tower_head.safetensors: its tower had no supervised warm-up"):
        open_baseline("supervised", str(tmp_path / "cold"), CONTEXT)
    with pytest.raises(ConfigError, match="'supervised' needs a checkpoint: write supervised:PATH"):
        open_baseline("supervised", None, CONTEXT)

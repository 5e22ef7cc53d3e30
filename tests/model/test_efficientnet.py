"""EfficientNet-Lite0 behind transformers' interface, with random weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from radz.model.efficientnet import EfficientNetTower, EfficientNetTowerConfig, load_imagenet_weights


@pytest.fixture(scope="module")
def tower():
    torch.manual_seed(0)
    return EfficientNetTower(EfficientNetTowerConfig())


@torch.no_grad()
def test_hidden_states_are_an_early_stage_and_the_last(tower):
    output = tower.eval()(torch.zeros(2, 3, 224, 224))
    assert [tuple(states.shape) for states in output.hidden_states] == [(2, 784, 40), (2, 49, 1280)]
    assert output.last_hidden_state is output.hidden_states[-1]


@torch.no_grad()
def test_larger_images_have_more_patches(tower):
    output = tower.eval()(torch.zeros(1, 3, 320, 320))
    assert [tuple(states.shape) for states in output.hidden_states] == [(1, 1600, 40), (1, 100, 1280)]


@torch.no_grad()
def test_patches_are_in_row_order(tower):
    pixels = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    maps = tower.eval().net.forward_features(pixels)
    torch.testing.assert_close(tower(pixels).last_hidden_state[0, 7 + 2], maps[0, :, 1, 2])


def test_batch_norm_stays_frozen_in_training_unless_lifted(tower):
    norms = [module for module in tower.modules() if isinstance(module, nn.BatchNorm2d)]
    tower.train()
    assert tower.training
    assert not any(module.training for module in norms)
    tower.freeze_batch_norm = False
    assert all(module.training for module in norms if tower.train())
    tower.freeze_batch_norm = True


def test_weights_of_another_network_are_refused(tower, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other.pth does not hold the tensors of tf_efficientnet_lite0, in order"):
        load_imagenet_weights(tower, tmp_path / "other.pth")


def test_published_weights_come_in_timms_order(tower, tmp_path):
    state = {f"theirs.{i}": tensor + 1 for i, tensor in enumerate(tower.net.state_dict().values())}
    torch.save(state | {"head.weight": torch.zeros(2), "head.bias": torch.zeros(2)}, tmp_path / "published.pth")
    other = EfficientNetTower(EfficientNetTowerConfig())
    load_imagenet_weights(other, tmp_path / "published.pth")
    name, tensor = next(iter(other.net.state_dict().items()))
    torch.testing.assert_close(tensor, tower.net.state_dict()[name] + 1)

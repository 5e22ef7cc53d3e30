"""What identifies the weights of a decoder, and the size of the images that its tower reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from model_fakes import PROVENANCE
from radz import registry
from radz.errors import ConfigError
from radz.model.backbone import fingerprint
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.types import ImageBatch
from tiny import LAYERS, WIDTH, save_tiny_efficientnet, tiny_config


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))


def test_equal_weights_have_equal_fingerprints_and_others_do_not():
    assert fingerprint(network()) == fingerprint(network())
    assert fingerprint(network()) != fingerprint(network(1))
    assert len(fingerprint(network())) == 16


def test_the_number_format_alone_changes_nothing_that_it_can_hold():
    halved = network().half()
    assert fingerprint(halved) == fingerprint(halved.float())


def test_names_and_shapes_count():
    flat = nn.Linear(4, 2, bias=False)
    nn.init.ones_(flat.weight)
    turned = nn.Linear(2, 4, bias=False)
    nn.init.ones_(turned.weight)
    assert fingerprint(flat) != fingerprint(turned)
    assert fingerprint(nn.ModuleDict({"a": flat})) != fingerprint(nn.ModuleDict({"b": flat}))


def test_sizes_are_those_of_the_decoder(llava_dir):
    backbone = registry.load("backbones", "hf")(str(llava_dir), num_layers=2)
    assert (backbone.hidden_size, backbone.num_layers) == (WIDTH, 2)
    assert registry.load("backbones", "hf")(str(llava_dir)).num_layers == LAYERS


@pytest.fixture(scope="module")
def efficientnet_dir(tmp_path_factory):
    return save_tiny_efficientnet(tmp_path_factory.mktemp("efficientnet"))


@torch.no_grad()
def test_images_of_320_pixels_are_ten_by_ten_patches(efficientnet_dir, tmp_path):
    config = tiny_config(efficientnet_dir, image_size=320)
    model = build_model(config).eval()
    images = [np.random.default_rng(0).random((1, 64, 48), dtype=np.float32)]
    values, prompt = model.processor.pixel_values(images), model.processor.image_prompt(1)
    assert values.shape == (1, 3, 320, 320)
    assert prompt.local.sum().item() == model.vision.image_seq_length == 100
    assert model.tower_states(values).shape == (1, 100, 1280)
    features = model(ImageBatch(prompt, values)).image_global
    save_checkpoint(model, tmp_path / "checkpoint", PROVENANCE)
    again, _ = load_checkpoint(tmp_path / "checkpoint")
    assert torch.equal(again(ImageBatch(again.processor.image_prompt(1), values)).image_global, features)


def test_the_backbones_own_size_stays_where_none_is_asked_for(efficientnet_dir):
    model = build_model(tiny_config(efficientnet_dir))
    assert model.processor.image_prompt(1).local.sum().item() == 49
    assert "image_size" not in model.config.model_dump()


def test_a_size_that_the_tower_cannot_read_is_refused(llava_dir, efficientnet_dir):
    with pytest.raises(ConfigError, match=r"the tower of 'hf' reads images of 28 pixels only: leave model\.image_size"):
        build_model(tiny_config(llava_dir, image_size=320))
    with pytest.raises(ConfigError, match=r"the patches are 32 pixels wide: choose a multiple of 32"):
        build_model(tiny_config(efficientnet_dir, image_size=300))

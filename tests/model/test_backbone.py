"""What identifies the weights of a decoder."""

from __future__ import annotations

import torch
from torch import nn

from radz import registry
from radz.model.backbone import fingerprint
from tiny import LAYERS, WIDTH


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

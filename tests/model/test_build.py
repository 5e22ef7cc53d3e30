"""Assembling a model: layers, adapters, parts."""

from __future__ import annotations

import pytest
import torch

from radz.errors import ConfigError, UnknownNameError
from radz.model.build import PARTS, add_anchors, build_model, freeze, part_of
from radz.model.checkpoint import learned_state
from tiny import LAYERS, tiny_config, tiny_model


def test_only_the_layers_that_are_read_are_loaded(llava_dir):
    model = tiny_model(llava_dir, readout={"layer": 2})
    assert len(model.decoder.base_model.model.layers) == 2


@pytest.mark.parametrize("layer", [LAYERS + 1, -LAYERS - 1, 0])
def test_a_layer_out_of_range_is_refused(llava_dir, layer):
    with pytest.raises(ConfigError, match=r"model\.readout\.layer is"):
        tiny_model(llava_dir, readout={"layer": layer})


def test_an_unknown_backbone_names_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'smollm2'"):
        build_model(tiny_config(tmp_path, backbone="smollm"))


def test_lora_targets_that_do_not_exist_are_refused(llava_dir):
    with pytest.raises(ConfigError, match="do not fit this decoder"):
        tiny_model(llava_dir, lora={"targets": ["no_such_layer"]})


def test_every_parameter_belongs_to_one_part_or_to_the_frozen_base(llava_dir):
    model = tiny_model(llava_dir, anchors={"strategy": "hybrid", "concepts": ["mass"]})
    parts = {name: part_of(name) for name, _ in model.named_parameters()}
    assert set(parts.values()) == {*PARTS, None}
    assert {name.split(".")[0] for name, part in parts.items() if part is None} == {"decoder"}


def test_only_the_named_parts_require_gradients(llava_dir):
    model = tiny_model(llava_dir)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    freeze(model, ("heads",))
    assert {part_of(name) for name, p in model.named_parameters() if p.requires_grad} == {"heads"}


def test_the_seed_decides_where_a_model_starts(llava_dir):
    config = tiny_config(llava_dir)
    first, same, other = (learned_state(build_model(config, seed)) for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    different = {part_of(name) for name in first if not torch.equal(first[name], other[name])}
    assert different == {"lora", "tokens", "heads"}, "tower and projector come with the backbone"


def test_anchors_are_added_once_and_kept_where_they_are_the_same(llava_dir):
    config = tiny_config(llava_dir, anchors={"strategy": "learned", "concepts": ["mass", "effusion"]})
    model = build_model(config)
    anchors = model.anchors
    add_anchors(model, config.anchors, seed=1)
    assert model.anchors is anchors
    add_anchors(model, config.anchors.model_copy(update={"concepts": ("mass",)}))
    assert model.anchors is not anchors
    assert model.config.anchors.concepts == ("mass",)

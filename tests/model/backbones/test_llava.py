"""Loading LLaVA-class checkpoints: the number formats, the layers, and what is refused."""

from __future__ import annotations

import json
import re

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from llava_variants import copy_llava, edit_json, original_names, with_code, without
from model_fakes import image_batch, random_images
from radz.errors import CheckpointError, ConfigError
from radz.model.backbones._llava import complete_processor, load_llava
from tiny import LAYERS, save_tiny_llava, tiny_model
from tiny_checkpoints import save_clip


def test_tower_and_projector_are_float32_and_the_decoder_is_as_stored(tmp_path):
    directory = save_tiny_llava(tmp_path / "tiny")
    LlavaForConditionalGeneration.from_pretrained(directory).half().save_pretrained(directory)
    llava = load_llava("hf", directory).llava
    dtypes = [next(part.parameters()).dtype for part in (llava.vision_tower, llava.multi_modal_projector)]
    assert dtypes == [torch.float32, torch.float32]
    assert next(llava.language_model.parameters()).dtype == torch.float16


def test_only_the_first_layers_are_loaded(llava_dir):
    whole, cut = load_llava("hf", llava_dir), load_llava("hf", llava_dir, num_layers=2)
    assert (len(whole.decoder.layers), len(cut.decoder.layers)) == (LAYERS, 2)
    for name, tensor in cut.decoder.layers.state_dict().items():
        assert torch.equal(tensor, whole.decoder.layers.state_dict()[name])
    assert len(load_llava("hf", llava_dir, num_layers=LAYERS + 5).decoder.layers) == LAYERS


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="could not be loaded as a LLaVA-class checkpoint"):
        load_llava("hf", tmp_path / "nothing")


def test_another_kind_of_model_is_refused(tmp_path):
    with pytest.raises((CheckpointError, ConfigError), match=r"could not be loaded as a LLaVA-class|not a LLaVA"):
        load_llava("hf", save_clip(tmp_path / "clip"))


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        ("multi_modal_projector", "4 weights (model.multi_modal_projector.linear_1.bias, "),
        ("lm_head", "1 weights (lm_head.weight)"),
        ("vision_tower.", "weights (model.vision_tower."),
        ("language_model.model.layers.1.", "9 weights (model.language_model.layers.1.input_layernorm.weight, "),
        ("language_model.model.layers.3.mlp.up_proj", "1 weights (model.language_model.layers.3.mlp.up_proj.weight)"),
        ("embed_tokens", "1 weights (model.language_model.embed_tokens.weight)"),
        ("language_model.model.norm", "1 weights (model.language_model.norm.weight)"),
    ],
)
def test_weights_that_are_missing_are_named_and_never_random(llava_dir, tmp_path, part, missing):
    directory = copy_llava(llava_dir, tmp_path / "cut", without(part))
    with pytest.raises(CheckpointError, match=f"lacks .*{re.escape(missing)}") as error:
        load_llava("hf", directory)
    assert "Its unexpected weights: none." in str(error.value)


def test_names_of_the_original_code_are_refused_with_both_lists(llava_dir, tmp_path):
    directory = copy_llava(llava_dir, tmp_path / "original", original_names)
    with pytest.raises(CheckpointError, match=r"unexpected weights: \d+ weights \(model\..* must be converted first"):
        load_llava("hf", directory)


def test_layers_that_are_cut_on_purpose_are_not_missing(llava_dir, tmp_path):
    directory = copy_llava(llava_dir, tmp_path / "short", without("language_model.model.layers.3."))
    assert load_llava("hf", directory, num_layers=2).num_layers == 2
    edit_json(directory / "config.json", text_config=json.loads((directory / "config.json").read_text())["text_config"]
              | {"num_hidden_layers": 3})  # fmt: skip
    assert load_llava("hf", directory).num_layers == 3


SIZES = ("patch_size", "vision_feature_select_strategy", "num_additional_image_tokens")


@pytest.mark.parametrize("strategy", ["default", "full"])
def test_a_processor_without_sizes_takes_them_from_the_model(tmp_path, strategy):
    whole = save_tiny_llava(tmp_path / "whole", strategy=strategy)
    directory = copy_llava(whole, tmp_path / "without")
    edit_json(directory / "processor_config.json", drop=SIZES)
    completed, stated = (load_llava("hf", path).processor for path in (directory, whole))
    for name in SIZES:
        assert getattr(completed, name) == getattr(stated, name)


def test_sizes_that_nothing_states_are_asked_for(llava_dir):
    backbone = load_llava("hf", llava_dir)
    backbone.processor.patch_size = backbone.llava.config.vision_config.patch_size = None
    with pytest.raises(CheckpointError, match=r"has no patch_size, .* Add patch_size to processor_config\.json"):
        complete_processor(backbone.processor, backbone.llava, "somewhere")


def test_a_processor_that_counts_otherwise_than_the_tower_is_refused(llava_dir, tmp_path):
    directory = copy_llava(llava_dir, tmp_path / "wrong")
    edit_json(directory / "processor_config.json", num_additional_image_tokens=3)
    model = tiny_model(directory)
    with pytest.raises(ConfigError, match=r"The tower gives 4 patches, but the backbone's processor reserves 6 places"):
        model(image_batch(model, random_images(1)))


def test_code_is_never_run_and_nothing_asks(llava_dir, tmp_path, monkeypatch):
    directory = with_code(llava_dir, tmp_path / "code", ran=tmp_path / "ran")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(CheckpointError, match=r"could not be loaded .* It contains code, which radz never runs"):
        load_llava("hf", directory)
    assert not (tmp_path / "ran").exists()

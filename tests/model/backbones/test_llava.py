"""Loading LLaVA-class checkpoints: the number formats, the layers, and what is refused."""

from __future__ import annotations

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from radz.errors import CheckpointError, ConfigError
from radz.model.backbones._llava import load_llava
from tiny import LAYERS, save_tiny_llava
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

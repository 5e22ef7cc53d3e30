"""The hot path against transformers' own forward, and what must not change a feature."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForImageTextToText

from model_fakes import (
    TEXTS,
    assert_close,
    image_batch,
    image_features,
    random_images,
    shake,
    text_features,
)
from radz.model.build import freeze, part_of
from radz.model.radz import RadZ
from radz.types import ImageBatch
from tiny import LAYERS, save_tiny_llava, tiny_model


@pytest.fixture
def model(llava_dir) -> RadZ:
    return tiny_model(llava_dir)


@pytest.mark.parametrize("layer", [-2, 1, LAYERS])
@torch.no_grad()
def test_states_equal_those_of_transformers(llava_dir, layer):
    model = tiny_model(llava_dir, readout={"layer": layer})
    prompt = model.processor.image_prompt(2)
    pixels = model.processor.pixel_values(random_images(2))
    seen = {}
    model.design = _Spy(model.design, seen)
    model(ImageBatch(prompt, pixels))

    theirs = AutoModelForImageTextToText.from_pretrained(llava_dir).eval()
    theirs.resize_token_embeddings(len(model.processor.tokenizer), mean_resizing=False)
    rows = model.decoder.get_input_embeddings()(torch.tensor(model.processor.special_ids))
    theirs.get_input_embeddings().weight[model.processor.special_ids] = rows
    states = theirs(
        input_ids=prompt.input_ids, attention_mask=prompt.attention_mask, pixel_values=pixels, output_hidden_states=True
    ).hidden_states
    if layer == LAYERS:  # transformers lists the last layer's output after its final norm
        seen["states"] = theirs.model.language_model.norm(seen["states"])
    torch.testing.assert_close(seen["states"], states[layer], atol=1e-6, rtol=0)  # measured: 0


class _Spy:
    def __init__(self, design, seen):
        self.design, self.seen = design, seen

    def read(self, states, positions):
        self.seen["states"] = states
        return self.design.read(states, positions)


@torch.no_grad()
def test_final_norm_is_applied_when_asked(llava_dir):
    bare, normed = (tiny_model(llava_dir, readout={"final_norm": on}) for on in (False, True))
    assert not torch.allclose(image_features(bare, random_images(1))[0], image_features(normed, random_images(1))[0])


def test_features_are_unit_and_shaped(model):
    for features in (*image_features(model, random_images(3)), *text_features(model, TEXTS)):
        assert features.shape == (3, 8)
        torch.testing.assert_close(features.norm(dim=1), torch.ones(3))


def test_the_image_does_not_leak_into_the_text(model):
    processor = model.processor

    def both(images, texts):
        return model(image_batch(model, images), processor.text_prompt(texts))

    here, other_images, other_texts = (
        both(random_images(3), TEXTS),
        both(random_images(3, 9), TEXTS),
        both(random_images(3), TEXTS[::-1]),
    )
    assert torch.equal(here.text_global, other_images.text_global)
    assert torch.equal(here.text_local, other_images.text_local)
    assert torch.equal(here.image_global, other_texts.image_global)
    assert not torch.allclose(here.image_global, other_images.image_global)
    assert not torch.allclose(here.text_global, other_texts.text_global)


@torch.no_grad()
def test_padding_side_does_not_matter(model):
    right = text_features(model, TEXTS)
    model.processor.padding_side = "left"
    assert not model.processor.text_prompt(TEXTS).attention_mask[1, 0]
    assert_close(text_features(model, TEXTS), right)


@torch.no_grad()
def test_batch_composition_does_not_matter(model):
    images = random_images(4)
    assert_close([f[2:3] for f in image_features(model, images)], image_features(model, images[2:3]))
    assert_close([f[1:2] for f in text_features(model, TEXTS)], text_features(model, TEXTS[1:2]))


def test_gradient_reaches_new_rows_only_and_moves_nothing_else(model):
    freeze(model, ("tokens",))
    before = {n: p.clone() for n, p in model.named_parameters()}
    features = model(image_batch(model, random_images(2)))
    text = text_features(model, TEXTS[:2])
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    (features.image_global * text[0]).sum().backward()
    optimiser.step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert len(moved) == 1
    (name,) = moved
    assert part_of(name) == "tokens"
    delta = dict(model.named_parameters())[name] - before[name]
    assert delta.shape[0] == len(model.processor.special_ids)
    assert (delta.norm(dim=1) > 0).all()


def test_projector_dropout_acts_in_training_only(llava_dir):
    model = tiny_model(llava_dir, projector_dropout=0.5)
    batch = image_batch(model, random_images(2))
    assert torch.equal(model(batch).image_global, model(batch).image_global)
    assert torch.equal(model(batch).image_global, tiny_model(llava_dir)(batch).image_global)
    model.train()
    assert not torch.equal(model(batch).image_global, model(batch).image_global)


def test_every_part_trains_end_to_end(model):
    parts = ("tower", "projector", "lora", "tokens", "heads")
    freeze(model, parts)
    shake(model)  # LoRA's second factor starts at zero and lets no gradient through to the first
    features = model(image_batch(model, random_images(3)))
    text = text_features(model, TEXTS)
    (features.image_global @ text[1].T + features.image_local @ text[0].T).square().mean().backward()
    reached = {part_of(n) for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached == set(parts)
    assert all(p.grad is None for n, p in model.named_parameters() if part_of(n) is None)


@torch.no_grad()
def test_llava_without_a_class_token_and_several_vision_layers(tmp_path):
    source = save_tiny_llava(tmp_path / "full", strategy="full")
    model = tiny_model(source)
    prompt = model.processor.image_prompt(1)
    assert prompt.local.sum() == 5  # 2 × 2 patches and the class token
    assert image_features(model, random_images(1))[0].shape == (1, 8)

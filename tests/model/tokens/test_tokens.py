"""The contract of every token design; a new file in radz/model/tokens is found and tested with no further word."""

from __future__ import annotations

import pytest
import torch

from radz import registry
from radz.model.build import freeze, part_of
from radz.model.checkpoint import load_checkpoint, save_checkpoint
from radz.provenance import Provenance
from radz.types import ImageBatch
from tiny import tiny_model

TEXTS = ["There is a mass.", "Normal chest; clear lungs, heart of normal size."]
DESIGNS = registry.names("tokens")


@pytest.fixture(params=DESIGNS)
def model(request, llava_dir):
    return tiny_model(llava_dir, tokens={"design": request.param, "count": 3})


def test_rows_are_added_once(model):
    tokenizer, special = model.processor.tokenizer, model.processor.design.special_tokens
    before = len(tokenizer)
    assert len(set(special)) == len(special)
    tokenizer.add_tokens([*special], special_tokens=True)
    assert len(tokenizer) == before == model.decoder.get_input_embeddings().original_module.num_embeddings


@pytest.mark.parametrize("side", ["left", "right"])
def test_positions_are_found_by_id_under_padding_and_truncation(model, side):
    processor = model.processor
    processor.padding_side, processor.max_report_tokens = side, 5
    for prompt, ids in (
        (processor.text_prompt(TEXTS), processor.text_ids),
        (processor.image_prompt(2), processor.image_ids),
    ):
        assert prompt.modality_tokens.shape == (2, 3)
        assert prompt.input_ids.gather(1, prompt.modality_tokens).tolist() == [ids, ids]
        assert not prompt.local.gather(1, prompt.modality_tokens).any()
        assert not prompt.local[prompt.attention_mask == 0].any()


def test_new_rows_have_the_scale_of_real_ones(model):
    weight = model.decoder.get_input_embeddings()(torch.arange(len(model.processor.tokenizer)))
    known = weight[: min(model.processor.special_ids)]
    ratio = weight[model.processor.special_ids].norm(dim=1) / known.norm(dim=1).median()
    assert (ratio > 0.5).all()
    assert (ratio < 2).all()
    assert len(weight[model.processor.special_ids].unique(dim=0)) == len(model.processor.special_ids)


@torch.no_grad()
def test_save_equals_load(model, tmp_path):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if part_of(name) == "tokens":
                parameter.add_(1.0)
    texts = model.processor.text_prompt(TEXTS)
    save_checkpoint(model, tmp_path / "c", Provenance(corpus="none", split="train"))
    assert torch.equal(load_checkpoint(tmp_path / "c")[0](texts=texts).text_global, model(texts=texts).text_global)


def test_gradient_reaches_every_parameter_of_the_design(model):
    freeze(model, ("tokens",))
    with torch.no_grad():
        for parameter in model.conditioner.parameters():
            parameter.add_(0.1)
    processor = model.processor
    films = torch.rand(2, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    features = model(ImageBatch(processor.image_prompt(2), films), processor.text_prompt(TEXTS))
    (features.image_global * features.text_global).sum().backward()
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {part_of(name) for name in trained} == {"tokens"}
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained.values())


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_tokens(design, count):
    tokens = registry.load("tokens", design)(count)
    assert len(tokens.image_tokens) == len(tokens.text_tokens) == count


@torch.no_grad()
@pytest.mark.parametrize("design", DESIGNS)
def test_without_tokens_the_pooled_positions_take_their_place(design, llava_dir, tmp_path):
    model = tiny_model(llava_dir, tokens={"design": design, "count": 0})
    assert not any(part_of(name) == "tokens" for name, _ in model.named_parameters())
    images = ImageBatch(model.processor.image_prompt(2), torch.rand(2, 3, 28, 28))
    texts = model.processor.text_prompt(TEXTS)
    for states in (model.read_image(images), model.read_text(texts)):
        assert torch.equal(states.whole, states.local)
        assert states.tokens.shape[:2] == (2, 0)
    save_checkpoint(model, tmp_path / "c", Provenance(corpus="none", split="train"))
    loaded, saved = (each(images, texts) for each in (load_checkpoint(tmp_path / "c")[0], model))
    assert torch.equal(loaded.text_global, saved.text_global)
    assert torch.equal(loaded.image_global, saved.image_global)

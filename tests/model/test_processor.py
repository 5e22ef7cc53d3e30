"""Images and reports as sequences and pixel values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers.processors import TemplateProcessing
from transformers import AutoProcessor, CLIPImageProcessor, SiglipImageProcessor

from model_fakes import (
    TEXTS,
    assert_close,
    text_features,
)
from radz.model.processor import RadzProcessor, find_tokens, whole_size
from radz.model.radz import RadZ
from tiny import tiny_model


@pytest.fixture
def model(llava_dir) -> RadZ:
    return tiny_model(llava_dir)


@torch.no_grad()
def test_a_film_of_one_channel_becomes_the_values_that_three_would_have(model):
    images = [np.random.default_rng(i).random((1, 30 + 9 * i, 50), dtype=np.float32) for i in range(3)]
    three = [torch.from_numpy(film).expand(3, -1, -1) for film in images]
    settings = {"do_rescale": False, "return_tensors": "pt", "input_data_format": "channels_first"}
    theirs = model.processor.image_processor(images=three, **settings)["pixel_values"]
    torch.testing.assert_close(model.processor.pixel_values(images), theirs, rtol=0, atol=1e-5)  # measured 1.4e-6
    assert len(set(model.processor.image_processor.image_mean)) == 3, "CLIP normalises each channel in its own way"


def test_films_are_resized_here_where_the_whole_film_becomes_one_size():
    square = {"height": 28, "width": 20}
    assert whole_size(CLIPImageProcessor(size=square, do_center_crop=False)) == (28, 20)
    assert whole_size(CLIPImageProcessor(size=square, crop_size=square)) == (28, 20)
    assert whole_size(CLIPImageProcessor(size=square, crop_size={"height": 20, "width": 20})) is None
    assert whole_size(CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=28)) is None
    assert whole_size(CLIPImageProcessor(size=square, do_center_crop=False, resample=2)) is None
    assert whole_size(SiglipImageProcessor(size=square)) is None


@torch.no_grad()
def test_truncation_equals_cutting_the_text_and_keeps_the_tokens(llava_dir):
    model = tiny_model(llava_dir, max_report_tokens=6)
    tokenizer = model.processor.tokenizer
    cut = tokenizer.decode(tokenizer(TEXTS[2], add_special_tokens=False)["input_ids"][:6])
    assert cut != TEXTS[2]
    prompt = model.processor.text_prompt([TEXTS[2]])
    assert prompt.input_ids[0, prompt.modality_tokens[0]].tolist() == model.processor.text_ids
    assert_close(text_features(model, [TEXTS[2]]), text_features(model, [cut]), 0)


@torch.no_grad()
def test_a_text_that_writes_a_modality_token_is_text(model):
    """Report words may spell anything; they must not be taken for the model's own tokens."""
    for words in ("<TxtCls_1>", "<image>", "</s>"):
        prompt = model.processor.text_prompt([f"mass {words}"])
        ids = prompt.input_ids[prompt.local].tolist()
        assert not {*ids} & {*model.processor.special_ids, model.processor.image_token_id}
        assert model.processor.tokenizer.decode(ids) == f"mass {words}"


def test_every_sequence_begins_with_the_token_that_begins_sequences(model, llava_dir):
    """Whether the tokenizer puts it there, as LLaVA's does, or not, as the default model's does."""
    silent = AutoProcessor.from_pretrained(llava_dir)
    silent.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A")
    silent.tokenizer.add_tokens(["<image>"], special_tokens=True)
    assert silent.tokenizer("mass")["input_ids"][0] != silent.tokenizer.bos_token_id
    other = RadzProcessor(silent, model.design, model.config)
    begin = model.processor.tokenizer.bos_token_id
    for prompt, expected in (
        (other.image_prompt(1), model.processor.image_prompt(1)),
        (other.text_prompt(["Mass"]), model.processor.text_prompt(["Mass"])),
    ):
        assert prompt.input_ids.tolist() == expected.input_ids.tolist()
        assert prompt.input_ids[0].tolist().index(begin) == 0
        assert prompt.input_ids[0].tolist().count(begin) == 1


def test_a_token_that_occurs_twice_or_never_is_an_error():
    with pytest.raises(ValueError, match="exactly once"):
        find_tokens(torch.tensor([[7, 7, 1]]), [7])
    with pytest.raises(ValueError, match="exactly once"):
        find_tokens(torch.tensor([[1, 2, 3]]), [7])

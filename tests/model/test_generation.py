"""Sampling text from a backbone's language model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from radz import registry
from radz.errors import ConfigError
from radz.model.generation import Writer


@pytest.fixture(scope="module")
def writer(llava_dir):
    return Writer(registry.load("backbones", "hf")(str(llava_dir), num_layers=None))


def test_a_writer_samples_what_the_whole_model_of_transformers_does(writer, llava_dir):
    whole = LlavaForConditionalGeneration.from_pretrained(llava_dir)
    ids = writer.tokenizer(writer.prompt("mass"), add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        sampled = whole.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **writer._settings())
    words = writer.tokenizer.decode(sampled[0, ids.shape[1] :], skip_special_tokens=True).strip()
    assert writer.write(writer.prompt("mass"), 3).text == words
    assert writer.write(writer.prompt("mass"), 4).text != words


def test_a_chat_template_is_used_where_there_is_one(writer, monkeypatch):
    assert writer.prompt("mass") == "<s>mass\n"
    monkeypatch.setattr(writer.tokenizer, "chat_template", "{% for m in messages %}<s>[{{ m.content }}]{% endfor %}")
    assert writer.prompt("mass") == "<s>[mass]"


def test_a_backbone_without_a_head_cannot_write(writer):
    with pytest.raises(ConfigError, match="'hf' has no head that predicts words, so it cannot write"):
        Writer(replace(writer.backbone, head=None))

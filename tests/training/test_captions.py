"""Captioning losses are those of the whole LLaVA."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModelForImageTextToText

from batches import pair_batch
from radz.errors import ConfigError
from radz.training.captions import Captioner
from radz.types import PairBatch
from tiny import tiny_model


def captions(model, chunk_size=None) -> tuple[torch.Tensor, PairBatch]:
    pixels = torch.randn(3, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    batch = pair_batch(model.processor, pixels, ["There is a mass.", "Normal."], [0, 1, 0])
    return Captioner(model, chunk_size)(batch), batch


def test_captions_are_what_the_whole_llava_gives(llava_dir):
    """Against transformers' forward pass of each image with its report, without padding."""
    model = tiny_model(llava_dir)
    losses, batch = captions(model)
    llava = AutoModelForImageTextToText.from_pretrained(llava_dir).eval()
    processor = model.processor
    image = [i for i in batch.images.prompt.input_ids[0].tolist() if i not in processor.special_ids]
    for row, text in enumerate(["There is a mass.", "Normal.", "There is a mass."]):
        words = processor.tokenizer(text, add_special_tokens=False)["input_ids"] + [processor.tokenizer.eos_token_id]
        ids = torch.tensor([image + words])
        logits = llava(input_ids=ids, pixel_values=batch.images.values[row : row + 1]).logits[0, len(image) - 1 : -1]
        expected = F.cross_entropy(logits, torch.tensor(words))
        assert losses[row].item() == pytest.approx(expected.item(), abs=1e-4)


def test_captions_of_a_head_that_knows_nothing_cost_the_log_of_the_vocabulary(llava_dir, monkeypatch):
    model = tiny_model(llava_dir)
    start = Captioner.__init__

    def blank(self, *args):
        start(self, *args)
        self.head.weight.data.zero_()

    monkeypatch.setattr(Captioner, "__init__", blank)
    losses, _ = captions(model)
    vocabulary = Captioner(model).head.out_features
    assert losses.tolist() == pytest.approx([math.log(vocabulary)] * 3, abs=1e-5)


def test_the_projector_learns_to_bring_captions_down(llava_dir):
    model = tiny_model(llava_dir)
    model.projector.requires_grad_(True)
    optimiser, losses = torch.optim.Adam(model.projector.parameters(), lr=0.01), []
    for _ in range(20):
        loss = captions(model)[0].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.2, losses  # measured: see the figure in the message of the commit


def test_captions_in_chunks_have_the_same_gradients(llava_dir):
    gradients = []
    for size in (None, 2):
        model = tiny_model(llava_dir)
        model.projector.requires_grad_(True)
        losses, _ = captions(model, size)
        losses.mean().backward()
        gradients.append([p.grad for p in model.projector.parameters()])
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


def test_a_backbone_that_predicts_no_words_cannot_caption(llava_dir, monkeypatch):
    model = tiny_model(llava_dir)
    headless = SimpleNamespace(head=None, name="mute")
    monkeypatch.setattr("radz.training.captions.registry.load", lambda *_: lambda *_, **__: headless)
    with pytest.raises(ConfigError, match="'mute' has no head that predicts words: leave captioning out"):
        Captioner(model)

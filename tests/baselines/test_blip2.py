"""BLIP-2's two heads in parity with transformers."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AutoProcessor,
    Blip2ForImageTextRetrieval,
)

from baseline_fakes import CONTEXT, DENIED, STATED, STUDIES, rgb_images, score
from radz.baselines import open_baseline
from radz.errors import CheckpointError


def test_blip2_is_transformers_matching_and_contrast(checkpoint):
    source = checkpoint("blip2")
    model, processor = Blip2ForImageTextRetrieval.from_pretrained(source), AutoProcessor.from_pretrained(source)
    values = processor.image_processor(images=rgb_images(), return_tensors="pt")["pixel_values"]

    def theirs(sentence, matching):
        tokens = processor.tokenizer([sentence] * (3 if matching else 1), return_tensors="pt")
        asked = {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}
        out = model(pixel_values=values, **asked, use_image_text_matching_head=matching).logits_per_image
        return out.log_softmax(-1).diff(dim=-1)[:, 0] if matching else out[:, 0]

    for head in ("matching", "contrast"):
        expected = [
            theirs(a, head == "matching") - theirs(b, head == "matching") for a, b in zip(STATED, DENIED, strict=True)
        ]
        torch.testing.assert_close(score("blip2", source, head=head), torch.stack(expected, 1), atol=1e-5, rtol=0)


def test_the_positive_rule_leaves_the_denial_out(checkpoint):
    for head in ("matching", "contrast"):
        pair, positive = (score("blip2", checkpoint("blip2"), head=head, rule=rule) for rule in ("pair", "positive"))
        negated = score("blip2", checkpoint("blip2"), head=head, rule="positive", prompts="There is no {}.|{}")
        torch.testing.assert_close(pair, positive - negated, atol=1e-5, rtol=0)


def test_features_of_the_contrast_are_unit_queries(checkpoint):
    model = open_baseline("blip2", checkpoint("blip2"), CONTEXT, {"head": "contrast"})
    features = model.encode(STUDIES)
    assert features.positions.shape == (3, 4, 8)
    torch.testing.assert_close(features.positions.norm(dim=-1), torch.ones(3, 4))
    torch.testing.assert_close(features.embedding.norm(dim=-1), torch.ones(3))


def test_another_kind_of_model_is_refused(checkpoint):
    with pytest.raises(CheckpointError, match="model of type 'clip', but 'blip2' takes blip-2"):
        score("blip2", checkpoint("clip"))

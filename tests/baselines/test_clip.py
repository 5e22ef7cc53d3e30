"""CLIP in parity with transformers' zero-shot score."""

from __future__ import annotations

import torch
from transformers import (
    AutoProcessor,
    CLIPModel,
)

from baseline_fakes import DENIED, STATED, rgb_images, score


def test_clip_is_the_softmax_of_transformers_logits(checkpoint):
    model, processor = CLIPModel.from_pretrained(checkpoint("clip")), AutoProcessor.from_pretrained(checkpoint("clip"))
    ours = score("clip", checkpoint("clip"))
    for j, pair in enumerate(zip(STATED, DENIED, strict=True)):
        inputs = processor(text=list(pair), images=rgb_images(), return_tensors="pt", padding=True)
        theirs = model(**inputs).logits_per_image.softmax(-1)[:, 0]
        torch.testing.assert_close(torch.sigmoid(model.logit_scale.exp() * ours[:, j]), theirs, atol=1e-5, rtol=0)

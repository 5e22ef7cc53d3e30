"""SigLIP in parity with transformers' score."""

from __future__ import annotations

import torch
from transformers import (
    AutoProcessor,
    SiglipModel,
)

from baseline_fakes import STATED, rgb_images, score


def test_siglip_is_the_sigmoid_of_transformers_logits(checkpoint):
    source = checkpoint("siglip")
    model, processor = SiglipModel.from_pretrained(source), AutoProcessor.from_pretrained(source)
    inputs = processor(text=STATED, images=rgb_images(), padding="max_length", max_length=16, return_tensors="pt")
    theirs = model(**inputs).logits_per_image
    ours = score("siglip", source, rule="positive") * model.logit_scale.exp() + model.logit_bias
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)

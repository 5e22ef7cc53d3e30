"""Pooled decoder states in parity with transformers'."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from transformers import (
    AutoProcessor,
    LlavaForConditionalGeneration,
)

from baseline_fakes import ANCHORS, CONTEXT, DENIED, STATED, STUDIES
from radz.baselines import open_baseline


def test_frozen_states_are_those_of_the_whole_model(checkpoint):
    """Without statistics: cosines of the mean patch and the mean word at the layer that is read."""
    source, rng = checkpoint("frozen_mllm"), np.random.default_rng(0)
    grey = rng.integers(0, 256, (3, 28, 28), dtype=np.uint8)  # of the tower's own size, so that nothing is resized
    studies = [replace(s, pixels=g[None].astype(np.float32) / 255) for s, g in zip(STUDIES, grey, strict=True)]
    llava, processor = LlavaForConditionalGeneration.from_pretrained(source), AutoProcessor.from_pretrained(source)
    prompt = "<image>\nDescribe the findings of this radiograph."
    images = [Image.fromarray(image).convert("RGB") for image in grey]
    inputs = processor(images=images, text=[prompt] * 3, return_tensors="pt")
    states = llava(**inputs, output_hidden_states=True).hidden_states[2]
    patches = (states * (inputs["input_ids"] == llava.config.image_token_id).unsqueeze(-1)).sum(1) / 4

    def words(sentence):
        start = processor.tokenizer("Report:")["input_ids"]
        ids = start + processor.tokenizer(sentence, add_special_tokens=False)["input_ids"]
        hidden = llava.model.language_model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2]
        return hidden[0, len(start) :].mean(0)

    sides = [torch.stack([F.normalize(words(text), dim=-1) for text in side]) for side in (STATED, DENIED)]
    expected = F.normalize(patches, dim=-1) @ (sides[0] - sides[1]).T
    options = {"layer": 2, "standardise": False, "dtype": "float32"}
    ours = torch.from_numpy(open_baseline("frozen_mllm", source, CONTEXT, options).score(studies, ANCHORS).values)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)

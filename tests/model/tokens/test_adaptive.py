"""The adaptive design: a shift that depends on the input, scaled by a gate."""

from __future__ import annotations

import torch

from tiny import tiny_model

TEXTS = ["There is a mass.", "Normal chest; clear lungs, heart of normal size."]


@torch.no_grad()
def test_adaptive_equals_medical_while_its_gate_is_shut_and_looks_at_the_input_once_it_opens(llava_dir):
    medical, adaptive = (tiny_model(llava_dir, tokens={"design": d}) for d in ("medical", "adaptive"))
    prompt = medical.processor.text_prompt(TEXTS)
    assert torch.equal(adaptive(texts=prompt).text_global, medical(texts=prompt).text_global)
    for shift in adaptive.conditioner.modalities.values():
        shift.gate.fill_(0.5)
    plain = adaptive._embed(prompt)
    moved = adaptive.conditioner("text", plain, prompt) - plain
    at = moved.gather(1, prompt.modality_tokens.unsqueeze(-1).expand(-1, -1, moved.shape[-1]))
    assert not torch.allclose(at[0], at[1])
    assert torch.count_nonzero(moved.abs().sum(-1)) == prompt.modality_tokens.numel()


@torch.no_grad()
def test_an_open_gate_looks_past_padding_and_neighbours(llava_dir):
    model = tiny_model(llava_dir, tokens={"design": "adaptive"})
    for shift in model.conditioner.modalities.values():
        shift.gate.fill_(0.5)

    def encode(texts):
        return model(texts=model.processor.text_prompt(texts)).text_global

    together, alone = encode(TEXTS), encode(TEXTS[:1])
    model.processor.padding_side = "left"
    torch.testing.assert_close(together[:1], alone, atol=2e-6, rtol=0)
    torch.testing.assert_close(encode(TEXTS), together, atol=2e-6, rtol=0)

"""Encoding films: ours against the forward pass of the whole LLaVA with its logits, same films, format and prompt."""

from __future__ import annotations

import argparse

import torch
from _timing import films, interleaved, print_ratios
from transformers import LlavaForConditionalGeneration

from radz.cache import prepared
from radz.config import ModelConfig
from radz.model.backbones.smollm2 import CACHE_NAME, NEEDS_BYTES, prepare
from radz.model.build import build_model
from radz.model.precision import choose_dtype, hold_base_in
from radz.model.zero_shot import RadzZeroShot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    batch_size = options.batch_size
    dtype = choose_dtype("auto")
    ours, merged = build_model(ModelConfig()), build_model(ModelConfig())
    merged.decoder.merge_adapter()
    for network in (ours, merged):
        hold_base_in(network, dtype)
    theirs = LlavaForConditionalGeneration.from_pretrained(prepared(CACHE_NAME, prepare, NEEDS_BYTES), dtype=dtype)
    theirs.eval()
    batch, as_trained, for_serving = films(batch_size), RadzZeroShot(ours), RadzZeroShot(merged)
    prompt = ours.processor.image_prompt(batch_size)
    without_tokens = prompt.input_ids[:, : -ours.config.tokens.count]  # the plain model has no rows for them

    @torch.inference_mode()
    def whole_llava() -> None:
        pixel_values = ours.processor.pixel_values(batch).to(dtype)
        theirs(input_ids=without_tokens, attention_mask=torch.ones_like(without_tokens), pixel_values=pixel_values)

    alternatives = {
        "whole LLaVA": whole_llava,
        "radz, adapters as trained": lambda: as_trained.encode_images(batch),
        "radz, adapters merged": lambda: for_serving.encode_images(batch),
    }
    print_ratios(f"{batch_size} films, {dtype}", interleaved(alternatives, options.repeats), "whole LLaVA")


if __name__ == "__main__":
    main()

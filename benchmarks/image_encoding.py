"""Encoding films: ours against the forward pass of the whole LLaVA with its logits, same films, format and prompt."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from _timing import films, interleaved, network, print_ratios
from transformers import LlavaForConditionalGeneration

from radz.model.backbones.smollm2 import CACHE_NAME, NEEDS_BYTES, prepare
from radz.model.encoder import Encoder
from radz.model.precision import choose_dtype
from radz.storage import prepared
from radz.types import Study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    dtype, batch = choose_dtype("auto"), films(options.batch_size)
    models = {
        "radz, shipped layer": network(),
        "radz, shipped layer, adapters merged": network(merged=True),
        "radz, penultimate layer": network("readout.layer=-2"),
        "radz, penultimate layer, adapters merged": network("readout.layer=-2", merged=True),
    }
    studies = [Study(str(i), "", pixels=image) for i, image in enumerate(batch)]
    ours = models["radz, shipped layer"]
    theirs = LlavaForConditionalGeneration.from_pretrained(prepared(CACHE_NAME, prepare, NEEDS_BYTES), dtype=dtype)
    theirs.eval()
    prompt = ours.processor.image_prompt(len(batch))
    without_tokens = prompt.input_ids[:, : -ours.config.tokens.count]  # the plain model has no rows for them

    @torch.inference_mode()
    def whole_llava() -> None:
        pixel_values = ours.processor.pixel_values(batch).to(dtype)
        theirs(input_ids=without_tokens, attention_mask=torch.ones_like(without_tokens), pixel_values=pixel_values)

    def encoder(model: Encoder) -> Callable[[], object]:
        return lambda: model.encode(studies)

    alternatives = {"whole LLaVA": whole_llava, **{name: encoder(Encoder(m)) for name, m in models.items()}}
    seconds = interleaved(alternatives, options.repeats)
    print_ratios(f"{len(batch)} films, {dtype}", seconds, "whole LLaVA")


if __name__ == "__main__":
    main()

"""Training steps: pairs per second through model and optimiser, and how much each optimisation saves."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import torch
from _timing import films, interleaved, matmul_flops_per_s, network, print_table, ratio
from torch.utils.flop_counter import FlopCounterMode

from radz.config import LossConfig
from radz.model.build import freeze
from radz.model.precision import choose_dtype
from radz.model.radz import RadZ
from radz.training.task import AlignmentTask
from radz.types import BatchRows, ImageBatch, PairBatch, TextBatch

DISTINCT = 0.62
"""Share of distinct texts: 39.7 of 64 on average in the batches of the shipped run."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, dtype = network(), choose_dtype("auto")
    freeze(model, ("projector", "lora", "tokens", "heads"))
    steps = {name: step(model, batch) for name, batch in batches(model, options.batch_size).items()}
    flops = {name: count_flops(run) for name, run in steps.items()}
    seconds = interleaved(steps, options.repeats)
    peak = matmul_flops_per_s(dtype)
    plain = next(iter(steps))
    rows = []
    for name, spent in seconds.items():
        median = statistics.median(spent)
        share = flops[name] / median / peak
        rows.append((name, f"{options.batch_size / median:.2f}", ratio(seconds[plain], spent), f"{share:.0%}"))
    title = f"{options.batch_size} pairs, {DISTINCT:.0%} of texts distinct, {dtype}, {peak / 1e9:.0f} GFLOP/s matmul"
    print_table(title, ("", "pairs/s", "speed-up (range)", "share of matmul peak"), rows)


def batches(model: RadZ, size: int) -> dict[str, PairBatch]:
    """The same pairs, prepared plainly, with each distinct text once, and with the tower's states cached too."""
    processor = model.processor
    pixel_values = processor.pixel_values(films(size))
    texts = [f"The film shows finding number {i}, not number {i + 1}." for i in range(round(DISTINCT * size))]
    index = torch.arange(size) % len(texts)
    prompt = processor.image_prompt(size)
    rows = BatchRows.of_pairs(torch.nn.functional.one_hot(index, len(texts)).float(), index)
    once = TextBatch(processor.text_prompt(texts), index)
    each = TextBatch(processor.text_prompt([texts[i] for i in index]), torch.arange(size))
    with torch.inference_mode():
        states = model.eval().tower_states(pixel_values)
    pixels, cached = ImageBatch(prompt, pixel_values), ImageBatch(prompt, states.clone(), encoded=True)
    return {
        "plain": PairBatch(pixels, each, rows),
        "each text once": PairBatch(pixels, once, rows),
        "each text once, tower cached": PairBatch(cached, once, rows),
    }


def step(model: RadZ, batch: PairBatch) -> Callable[[], None]:
    """Forward, backward and optimiser step."""
    task = AlignmentTask(model, LossConfig())
    optimizer = torch.optim.AdamW([p for p in task.parameters() if p.requires_grad], lr=1e-6)

    def run() -> None:
        task.train()
        optimizer.zero_grad()
        task(batch)["loss"].backward()
        optimizer.step()

    return run


def count_flops(run: Callable[[], None]) -> int:
    """Floating-point operations of one step, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


if __name__ == "__main__":
    main()

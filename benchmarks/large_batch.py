"""One large batch with cached gradients against small ones as they are: pairs per second and memory at its peak."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys

import torch
from _timing import network, print_table, timed

from radz.config import LossConfig
from radz.model.build import freeze
from radz.model.precision import choose_dtype
from radz.model.radz import RadZ
from radz.training.task import AlignmentTask
from radz.types import BatchRows, ImageBatch, PairBatch, TextBatch

DISTINCT = 0.62
"""Share of distinct texts: 39.7 of 64 on average in the batches of the shipped run. More repeat in a larger batch."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="pairs of the large batch")
    parser.add_argument("--small", type=int, default=32, help="pairs of the small ones, and images or texts of a chunk")
    parser.add_argument("--texts", type=float, default=DISTINCT, help="share of distinct texts, in either batch")
    parser.add_argument(
        "--steps", type=int, default=2, help="steps on the large batch; the small ones see as many pairs"
    )
    parser.add_argument("--only", choices=("large", "small"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options)))
        return
    small, large = (in_process(name) for name in ("small", "large"))
    rows = [
        (name, f"{r['pairs_per_s']:.2f}", f"{r['pairs_per_s'] / small['pairs_per_s']:.2f}", f"{r['gib']:.2f}",
         f"{r['gib'] / small['gib']:.2f}")
        for name, r in ((f"{options.small} plain", small), (f"{options.size} in chunks of {options.small}", large))
    ]  # fmt: skip
    title = f"{options.steps} steps, {options.texts:.0%} of texts distinct, {choose_dtype('auto')}, tower cached"
    print_table(title, ("", "pairs/s", "of plain", "peak GiB", "of plain"), rows)


def in_process(which: str) -> dict[str, float]:
    """Measured in a fresh process, so that its peak memory is that of this alternative."""
    command = [sys.executable, __file__, *sys.argv[1:], "--only", which]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Steps on one kind of batch, after one on a small batch that is not counted."""
    large = options.only == "large"
    size, count = (
        (options.size, options.steps) if large else (options.small, options.steps * options.size // options.small)
    )
    model = network()
    freeze(model, ("projector", "lora", "tokens", "heads"))
    task = AlignmentTask(model, LossConfig(), chunk_size=options.small if large else None).train()
    optimizer = torch.optim.AdamW([p for p in task.parameters() if p.requires_grad], lr=1e-6)

    def step(batch: PairBatch) -> None:
        optimizer.zero_grad()
        task(batch)["loss"].backward()
        optimizer.step()

    step(batch_of(model, options.small, options.texts))
    batch = batch_of(model, size, options.texts)
    seconds = timed(lambda: [step(batch) for _ in range(count)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"pairs_per_s": size * count / seconds, "gib": peak}


def batch_of(model: RadZ, size: int, share: float) -> PairBatch:
    """Pairs whose tower states, noise, are cached; each image has the next text in turn."""
    texts = [f"The film shows finding number {i}, not number {i + 1}." for i in range(max(1, round(share * size)))]
    index = torch.arange(size) % len(texts)
    patches = model.processor.image_prompt(1).local.sum().item()
    states = torch.randn(size, int(patches), model.vision.vision_config.hidden_size)
    return PairBatch(
        images=ImageBatch(model.processor.image_prompt(size), states, encoded=True),
        texts=TextBatch(model.processor.text_prompt(texts), index),
        rows=BatchRows.of_pairs(torch.eye(len(texts))[index], index),
    )


if __name__ == "__main__":
    main()

"""What a training step of each arm of a plan costs: seconds of processor time and peak memory, a process an arm.

    OMP_NUM_THREADS=1 python benchmarks/ablation_step.py configs/ablations/components.yaml

Images are random states of the tower, as many as a batch of the plan has; processor time of one thread does not depend
on how busy the machine is.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from radz.anchors import learns, open_strategy
from radz.config import RunConfig, TrainedAnchorsConfig
from radz.data.corpora.chestxray14 import FINDINGS
from radz.experiments.ablation.plan import load_ablation
from radz.model.build import add_anchors, build_model, freeze
from radz.model.precision import choose_dtype, hold_base_in
from radz.model.radz import RadZ
from radz.training import grad_cache
from radz.training.task import AlignmentTask
from radz.types import BatchRows, ImageBatch, PairBatch, TextBatch

PLAN = Path(__file__).parent.parent / "configs" / "ablations" / "components.yaml"
DISTINCT = 0.62
"""Share of distinct texts, as in benchmarks/training.py."""


def main() -> None:
    """Time every arm that trains, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path, nargs="?", default=PLAN)
    parser.add_argument("--arm", help="only this arm, in this process")
    parser.add_argument("--together", action="store_true", help="pad all texts of a batch to the longest of them")
    options = parser.parse_args()
    if options.together:
        grad_cache.PASS = sys.maxsize
    configs = {cell.arm: cell.config for cell in load_ablation(options.plan).cells if cell.config.train.epochs}
    if options.arm is None:
        for arm in configs:
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--arm", arm], check=True)
    else:
        print(f"{options.arm}: {', '.join(measured(configs[options.arm]))}", flush=True)


def measured(config: RunConfig) -> list[str]:
    """Two steps, the first of which prepares what later ones reuse."""
    model = build_model(config.model, config.seed)
    if learns(config.anchors):
        add_anchors(model, TrainedAnchorsConfig(strategy=config.anchors, concepts=FINDINGS), config.seed)
    freeze(model, config.train.train_parts)
    hold_base_in(model, choose_dtype(config.train.dtype))
    task = AlignmentTask(model, config.loss, FINDINGS, open_strategy(config.anchors, model.anchors))
    optimizer = torch.optim.AdamW([p for p in task.parameters() if p.requires_grad], lr=1e-6)
    pairs, spent = batch(model, config.train.batch_size), []
    for _ in range(2):
        before = time.process_time()
        optimizer.zero_grad()
        task.train()(pairs)["loss"].backward()
        optimizer.step()
        spent.append(time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [f"{len(pairs.images)} pairs", *(f"{s:.1f} s of processor time" for s in spent), f"peak {peak:.1f} GB"]


def batch(model: RadZ, size: int) -> PairBatch:
    """Random images with invented reports and labels."""
    torch.manual_seed(0)
    texts = [
        f"The film shows finding number {i} and opacity, no effusion or mass." for i in range(int(DISTINCT * size))
    ]
    patches, width = model.processor.image_prompt(1).local.sum(), model.vision.vision_config.hidden_size
    index = torch.arange(size) % len(texts)
    states = torch.randn(size, int(patches), width)
    return PairBatch(
        images=ImageBatch(model.processor.image_prompt(size), states, encoded=True),
        texts=TextBatch(model.processor.text_prompt(texts), index),
        rows=BatchRows.of_pairs((torch.rand(size, len(FINDINGS)) < 0.15).float(), index),
    )


if __name__ == "__main__":
    main()

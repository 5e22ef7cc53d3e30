"""Started by test_processes.py: one training run in however many processes, which keeps its first gradient.

With a third argument, ``sharded``, the processes share the parameters out among themselves (FSDP), over gloo.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from safetensors.torch import save_file

from radz.config import RunConfig, build_config
from radz.train import train as train_run
from radz.train.distributed import is_main
from radz.train.loop import RadzTrainer


class Watched(RadzTrainer):
    """Writes the gradient of the first step as the optimiser will see it."""

    def training_step(self, model, inputs, *given, **named):
        loss = super().training_step(model, inputs, *given, **named)
        if self.state.global_step == 0 and is_main():
            gradients = {n: p.grad for n, p in self.model.named_parameters() if p.grad is not None}
            found = {n: g.clone(memory_format=torch.contiguous_format) for n, g in gradients.items()}
            save_file(found, Path(self.args.output_dir).parent / "gradients.safetensors")
        return loss


def shard_on_the_cpu() -> None:
    """accelerate shards on devices alone, and torch on the CPU too: call processes of a CPU what those of GPUs are."""
    made = PartialState.__init__

    def init(self, *given, **named):
        made(self, *given, **named)
        if self.distributed_type == DistributedType.MULTI_CPU:
            PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU

    PartialState.__init__ = init


def train_sharded(settings: Path, output: Path) -> None:
    """Train without keeping the gradient, of which each process has its part."""
    shard_on_the_cpu()
    train_run.train(config_of(settings, output))


def main(settings: Path, output: Path) -> None:
    train_run.RadzTrainer = Watched
    train_run.train(config_of(settings, output))


def config_of(settings: Path, output: Path) -> RunConfig:
    """The run, with this process's share of each batch."""
    torch.set_num_threads(1)  # as the launcher sets it: the order of sums depends on it
    tree = json.loads(settings.read_text())
    tree["output"] = str(output)
    for section, size in ((tree["train"], "batch_size"), (tree["data"]["unlabelled"]["images"], "per_batch")):
        section[size] //= int(os.environ.get("WORLD_SIZE", "1"))
    return build_config(RunConfig, tree)


if __name__ == "__main__":
    (train_sharded if sys.argv[3:] == ["sharded"] else main)(*map(Path, sys.argv[1:3]))

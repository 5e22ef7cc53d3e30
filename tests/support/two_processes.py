"""Started by test_distributed.py: one training run in however many processes, which keeps its first gradient.

With a third argument, ``sharded``, the processes share the parameters out among themselves (FSDP), over gloo.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedType
from safetensors.torch import save_file

from radz.config import RunConfig, build_config
from radz.training import train as train_run
from radz.training.distributed import is_main


def keep_first_gradient(path: Path) -> None:
    """Write the gradient of the first step as the optimiser will see it."""
    backward = Accelerator.backward

    def watched(self, loss, **named):
        backward(self, loss, **named)
        if is_main() and not path.exists():
            (task,) = (self.unwrap_model(model) for model in self._models)
            gradients = {n: p.grad for n, p in task.named_parameters() if p.grad is not None}
            save_file({n: g.clone(memory_format=torch.contiguous_format) for n, g in gradients.items()}, path)

    Accelerator.backward = watched


def shard_on_the_cpu() -> None:
    """accelerate shards on devices alone, and torch on the CPU too: call processes of a CPU what those of GPUs are."""
    start = PartialState.__init__

    def init(self, *args, **named):
        start(self, *args, **named)
        if self.distributed_type == DistributedType.MULTI_CPU:
            PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU

    PartialState.__init__ = init


def train_sharded(settings: Path, output: Path) -> None:
    """Train without keeping the gradient, of which each process has its part."""
    shard_on_the_cpu()
    train_run.train(config_of(settings, output))


def main(settings: Path, output: Path) -> None:
    """Train and keep the first gradient."""
    output.mkdir(parents=True, exist_ok=True)
    keep_first_gradient(output / "gradients.safetensors")
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

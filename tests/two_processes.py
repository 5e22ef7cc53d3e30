"""Started by test_processes.py: one training run in however many processes, which keeps its first gradient."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from radz.config import RunConfig, build_config
from radz.train import run as train_run
from radz.train.processes import is_main
from radz.train.trainer import RadzTrainer


class Watched(RadzTrainer):
    """Writes the gradient of the first step as the optimiser will see it."""

    def training_step(self, model, inputs, *given, **named):
        loss = super().training_step(model, inputs, *given, **named)
        if self.state.global_step == 0 and is_main():
            found = {n: p.grad.clone() for n, p in self.model.named_parameters() if p.grad is not None}
            save_file(found, Path(self.args.output_dir).parent / "gradients.safetensors")
        return loss


def main(settings: Path, output: Path) -> None:
    torch.set_num_threads(1)  # as the launcher sets it: the order of sums depends on it
    tree = json.loads(settings.read_text())
    tree["output"] = str(output)
    for section, size in ((tree["train"], "batch_size"), (tree["data"]["unlabelled"]["images"], "per_batch")):
        section[size] //= int(os.environ.get("WORLD_SIZE", "1"))
    train_run.RadzTrainer = Watched
    train_run.train(build_config(RunConfig, tree))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""Tiny training runs: images with findings that can be learned, a configuration over them, and a run that is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from radz.config import RunConfig, build_config
from radz.training.task import AlignmentTask, TowerTask

FOUR_LOSSES = {"alignment": 1.0, "knowledge": 0.5, "consistency": 0.1, "regularization": 0.1}
OPTIONS = {"unlisted": "absent"}


def save_corpus(root: Path) -> Path:
    """A manifest of twenty-four images: a bright lower half is an effusion, a bright upper half a mass."""
    rng = np.random.default_rng(0)
    lines = ["image,report,labels,patient,split,source,view"]
    for i in range(24):
        pixels = rng.integers(0, 120, (32, 32), dtype=np.uint8)
        label = ("Effusion", "Mass", "No Finding")[i % 3]
        rows = {"Effusion": slice(16, 32), "Mass": slice(0, 16), "No Finding": slice(0, 0)}[label]
        pixels[rows] += 120
        Image.fromarray(pixels).save(root / f"{i}.png")
        lines.append(f"{i}.png,There is {label.lower()}.,{label},p{i},{'val' if i % 4 == 3 else 'train'},fake,PA")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "manifest.csv"


def run_config(manifest: Path, llava_dir: Path, output: Path, **changes) -> RunConfig:
    """Two epochs of three steps, a state every two; ``changes`` are merged into the sections."""
    tree = {
        "output": str(output),
        "data": {"corpus": "manifest", "root": str(manifest), "options": OPTIONS},
        "model": {"backbone": "hf", "source": str(llava_dir), "readout": {"dim": 8}, "lora": {"r": 2, "dropout": 0.1}},
        "train": {"batch_size": 6, "epochs": 2, "save_steps": 2, "log_steps": 1, "dtype": "float32"},
    }
    for key, value in changes.items():
        tree[key] = {**tree.get(key, {}), **value} if isinstance(value, dict) else value
    return build_config(RunConfig, tree)


def newest_state(output: Path) -> Path:
    """The newest resumable state of the alignment."""
    return max((output / "align").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))


def logged(output: Path) -> list[dict]:
    """Log lines of the newest resumable state."""
    return json.loads((newest_state(output) / "trainer_state.json").read_text())["log_history"]


def losses(output: Path) -> list[float]:
    """Loss of every logged step."""
    return [line["loss"] for line in logged(output) if "loss" in line]


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    """Tensors of a final checkpoint."""
    return load_file(checkpoint / "model.safetensors")


def equal(one: Path, two: Path) -> bool:
    """Whether two final checkpoints hold the same weights, bit by bit."""
    first, second = weights(one), weights(two)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@contextmanager
def killed_in_step(step: int, task: type[AlignmentTask | TowerTask] = AlignmentTask) -> Iterator[None]:
    """A run that starts in the block dies in the ``step``-th step of ``task``, counted from 1."""
    forward, calls = task.forward, []

    def dying(self, batch):
        calls.append(1)
        if len(calls) == step:
            raise KeyboardInterrupt
        return forward(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "forward", dying)
        with pytest.raises(KeyboardInterrupt):
            yield

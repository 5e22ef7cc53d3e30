"""Supervised warm-up of a new vision tower with the labels of the training split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from radz.config import TrainConfig, WarmupConfig
from radz.model.build import freeze
from radz.model.checkpoint import TowerHead
from radz.model.precision import choose_dtype
from radz.model.radz import RadZ
from radz.storage import atomic_file
from radz.training.data import TrainingData
from radz.training.distributed import is_main, rank_and_world_size, wait
from radz.training.loop import fit
from radz.training.sharing import image_identity, one_run_at_a_time, shared_tower
from radz.training.task import TowerTask
from radz.types import NORMAL

TOWER = "tower.safetensors"


def warm_up_tower(
    model: RadZ,
    data: TrainingData,
    warmup: WarmupConfig,
    schedule: TrainConfig,
    *,
    output: Path,
    shared: Path | None = None,
) -> TowerHead:
    """Train the tower under a linear head, or read both where they are kept: in ``output``, or for several runs in
    ``shared``.

    schedule: settings that the warm-up has in common with the training. An interrupted warm-up is resumed.
    """
    if shared is None:
        return _warm_up(model, data, warmup, schedule, output)
    images = image_identity(data.settings, data.seed, data.records)
    if data.soft_labels is not None:
        images.append(data.soft_labels.source.model_dump(exclude={"file"}))
    folder = shared_tower(shared, images, warmup, schedule, model.config)
    with one_run_at_a_time(folder):
        return _warm_up(model, data, warmup, schedule, folder)


def _warm_up(model: RadZ, data: TrainingData, warmup: WarmupConfig, schedule: TrainConfig, folder: Path) -> TowerHead:
    targets = targets_of(data.concepts, warmup)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(data.seed)  # the head's start must not depend on what ran before
        dtype = choose_dtype(warmup.dtype)
        task = TowerTask(model, len(targets), dropout=warmup.dropout, average=warmup.average, dtype=dtype)
    if not _load(task, folder / TOWER):
        _fit(task, data, warmup, schedule, folder)
    return TowerHead(targets, task.head.weight.detach().cpu(), task.head.bias.detach().cpu())


def _load(task: TowerTask, path: Path) -> bool:
    """Load tower and head from ``path`` into ``task``; false if the file is missing or damaged."""
    if not path.is_file():
        return False
    try:
        state = load_file(path)
    except SafetensorError as error:
        logging.getLogger(__name__).warning("%s is damaged (%s) and is written again.", path, error)
        return False
    task.load_learned_state(state)
    return True


def _fit(task: TowerTask, data: TrainingData, warmup: WarmupConfig, schedule: TrainConfig, folder: Path) -> None:
    batch_size = min(warmup.batch_size, len(data.records) // rank_and_world_size()[1])
    shared = warmup.model_dump(include={"epochs", "learning_rate", "weight_decay"})
    settings = schedule.model_copy(update={**shared, "batch_size": batch_size, "max_steps": -1})
    freeze(task.radz, ("tower",))
    targets = targets_of(data.concepts, warmup)
    loader = data.loader(task.radz.processor, batch_size, targets, workers=schedule.workers, soft=True)
    with task.moving_statistics():
        fit(
            task,
            loader,
            settings,
            folder / "warmup",
            data.seed,
            rates={"tower": warmup.learning_rate},
            after_step=task.after_step,
        )
    task.take_average()
    state = task.weights()
    if is_main():
        with atomic_file(folder / TOWER) as partial:
            save_file(state, partial)
    wait()


def targets_of(concepts: Sequence[str], warmup: WarmupConfig) -> tuple[str, ...]:
    """The labels that the tower learns, of ``concepts``, the ids of the corpus: all, or all but "no finding"."""
    return tuple(concept for concept in concepts if concept != NORMAL or warmup.targets == "with_normal")

"""Cross-fitting: in the training after the warm-up, the states of an image come from a tower that has not seen it.

A tower is sure of the images that it was fitted to, and whatever learns on these states learns to trust it too much. So
the patients are dealt into folds. A tower per fold is warmed up on the other folds and gives the states of its own. All
start from the same weights, as does the tower that is warmed up on all images and goes into the checkpoint.

    folds/<k>.safetensors   the tower that has not seen fold k, and a hash of the images that it has
    folds/<k>/              its warm-up
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from radz.config import TrainConfig, WarmupConfig
from radz.data.views.folds import Fold
from radz.errors import CheckpointError, ConfigError
from radz.model.checkpoint import whole
from radz.model.radz import RadZ
from radz.provenance import data_sha256
from radz.storage import atomic_file
from radz.training.data import TrainingData
from radz.training.distributed import is_main, wait
from radz.training.tower_cache import TowerCache
from radz.training.tower_warmup import warm_up_tower

FOLDS, TRAINED_ON = "folds", "trained_on"


@dataclass(frozen=True, slots=True)
class Part:
    """One fold: rows of the images that its tower is warmed up on, and of those whose states it gives."""

    trained: tuple[int, ...]
    left_out: tuple[int, ...]


def deal(data: TrainingData, count: int) -> list[Part]:
    """The images in ``count`` folds of patients, by the run's seed. Raises ConfigError for too few patients."""
    patients = [study.patient_id for study in data.records]
    if len({*patients}) < count:
        raise ConfigError(
            f"train.cross_fit is {count}, but the training split has {len({*patients})} patients: lower it."
        )
    parts = []
    for number in range(1, count + 1):
        here = Fold(number, count, data.seed).deal({*patients})
        trained = tuple(row for row, patient in enumerate(patients) if patient not in here)
        left_out = tuple(row for row, patient in enumerate(patients) if patient in here)
        parts.append(Part(trained, left_out))
    return parts


def warm_up_folds(
    model: RadZ,
    data: TrainingData,
    warmup: WarmupConfig,
    schedule: TrainConfig,
    *,
    count: int,
    folder: Path,
    shared: Path | None = None,
) -> None:
    """Warm up a tower per fold and leave them in ``folder``; the model keeps its own. Finished ones are skipped."""
    start = _copy(model)
    for number, part in enumerate(deal(data, count), 1):
        images, path = data.subset(part.trained), folder / f"{number}.safetensors"
        if _trained_on(path) == data_sha256(images.records):
            continue
        with _another_tower(model, start):
            warm_up_tower(model, images, warmup, schedule, output=folder / str(number), shared=shared)
            _save(path, model, images)


def cross_fitted_states(
    model: RadZ, data: TrainingData, *, count: int, folder: Path, shared: Path | None = None
) -> TowerCache:
    """States (N, views, P, V) of N images, each from the tower in ``folder`` that has not seen it nor its patient.

    Raises CheckpointError if a tower is missing or was warmed up on other images.
    """
    states = torch.empty(0)
    for number, part in enumerate(deal(data, count), 1):
        tower = _load(folder / f"{number}.safetensors", data_sha256(data.subset(part.trained).records))
        with _another_tower(model, tower):
            cache = data.subset(part.left_out).tower_states(model, shared)
        assert cache is not None  # the configuration requires cached views
        if not len(states):
            states = torch.empty(len(data.records), *cache.states.shape[1:], dtype=cache.states.dtype)
        states[list(part.left_out)] = cache.states
    return TowerCache(states)


@contextmanager
def _another_tower(model: RadZ, state: dict[str, Tensor]) -> Iterator[None]:
    """In the block the tower has the tensors ``state``, (...) by name, and afterwards those of before."""
    before = _copy(model)
    model.tower.load_state_dict(state)
    try:
        yield
    finally:
        model.tower.load_state_dict(before)


def _copy(model: RadZ) -> dict[str, Tensor]:
    """The tower's tensors (...) by name, cloned."""
    return {name: tensor.detach().clone() for name, tensor in model.tower.state_dict().items()}


def _save(path: Path, model: RadZ, images: TrainingData) -> None:
    state = {name: whole(tensor).cpu() for name, tensor in model.tower.state_dict().items()}
    if is_main():
        with atomic_file(path) as partial:
            save_file(state, partial, {TRAINED_ON: data_sha256(images.records)})
    wait()


def _trained_on(path: Path) -> str:
    """The hash of the images that the tower at ``path`` was warmed up on; empty without a whole file."""
    try:
        with safe_open(path, framework="pt") as file:
            return str((file.metadata() or {}).get(TRAINED_ON, ""))
    except (SafetensorError, OSError):
        return ""


def _load(path: Path, trained_on: str) -> dict[str, Tensor]:
    """Tensors (...) of the tower at ``path``, by name."""
    if _trained_on(path) != trained_on:
        raise CheckpointError(
            f"{path} is missing, damaged, or was warmed up on other images than those of this run without fold "
            f"{path.stem}. Run the warm-up with the same train.cross_fit, seed and data first, or leave it out."
        )
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping

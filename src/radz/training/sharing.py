"""Files shared by runs over the same images: the warmed-up tower and its states, by content hash.

A name in the shared directory is a hash over everything that decides what the file holds, so that nothing has to be
invalidated: other images, labels, augmentations, seeds or weights have other names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from radz.config import DataConfig, ModelConfig, TrainConfig, WarmupConfig
from radz.model.radz import RadZ
from radz.provenance import data_sha256
from radz.storage import atomic_file, content_hash, exclusive_lock
from radz.training.distributed import is_main, wait
from radz.training.tower_cache import TowerCache
from radz.types import Study


def shared_tower(
    shared: Path, images: Sequence[Any], warmup: WarmupConfig, schedule: TrainConfig, model: ModelConfig
) -> Path:
    """Directory of the warmed-up tower that runs over the same ``images`` (see ``image_identity``) share."""
    fitted = schedule.model_dump(include={"warmup_fraction", "max_grad_norm"})
    backbone = model.model_dump(mode="json", include={"backbone", "source", "image_size"})
    return shared / f"tower-{_name([images, warmup.model_dump(), fitted, backbone])}"


def share_states(
    shared: Path, images: Sequence[Any], model: RadZ, views: int, compute: Callable[[], TowerCache]
) -> TowerCache:
    """The tower's states over ``views`` of ``images`` (see ``image_identity``), read from ``shared`` or put there.

    States are kept as they are cached, float16, so that a run computes the same with them as without.
    """
    size = [] if model.config.image_size is None else [model.config.image_size]
    path = shared / f"states-{_name([images, views, tensors_sha256(model.tower.state_dict()), *size])}.safetensors"
    with one_run_at_a_time(path):
        if path.is_file():
            return TowerCache(load_file(path)["states"])
        cache = compute()
        if is_main():
            with atomic_file(path) as partial:
                save_file({"states": cache.states}, partial)
        wait()
        return cache


@contextmanager
def one_run_at_a_time(path: Path) -> Iterator[None]:
    """Only one run, with all its processes, goes through the block for ``path`` at a time."""
    with exclusive_lock(path) if is_main() else nullcontext():
        wait()
        yield


def image_identity(data: DataConfig, seed: int, records: Sequence[Study]) -> list[Any]:
    """What decides which pixels are seen, in which order and augmentation, under which labels."""
    pixels = data.model_dump(mode="json", include={"corpus", "options", "augment", "flip"})
    return [pixels, seed, [study.study_id for study in records], data_sha256(records)]


def tensors_sha256(state: dict[str, Tensor]) -> str:
    """Hash over names, types, shapes (...) and values of tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _name(parts: list[Any]) -> str:
    return content_hash(parts)[:16]

"""What runs over the same films share: the warmed-up tower, and the states that it gives, by content hash.

A name in the shared directory is a hash over everything that decides what the file holds, so that nothing has to be
invalidated: other films, labels, augmentations, seeds or weights have other names.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock
from safetensors.torch import load_file, save_file
from torch import Tensor

from radz.config import RunConfig
from radz.model.radz import RadZ
from radz.provenance import data_sha256
from radz.train.distributed import is_main, wait
from radz.train.tower_cache import TowerCache
from radz.types import Study


def shared_tower(config: RunConfig, records: Sequence[Study]) -> Path | None:
    """Directory of the warmed-up tower that this run shares with others; ``None`` where it shares nothing."""
    if config.shared is None:
        return None
    schedule = config.train.model_dump(include={"warmup_fraction", "max_grad_norm"})
    warmup = config.warmup and config.warmup.model_dump()
    model = config.model.model_dump(mode="json", include={"backbone", "source"})
    return config.shared / f"tower-{_hash(_films(config, records), warmup, schedule, model)}"


def share_states(
    config: RunConfig, records: Sequence[Study], model: RadZ, views: int, make: Callable[[], TowerCache]
) -> TowerCache:
    """The tower's states over ``views`` of the films ``records``, read from the shared directory or made and put there.

    States are kept as they are cached, float16, so that a run computes the same with them as without.
    """
    assert config.shared is not None
    name = _hash(_films(config, records), views, tensors_sha256(model.tower.state_dict()))
    path = config.shared / f"states-{name}.safetensors"
    with alone(path):
        if path.is_file():
            return TowerCache(load_file(path)["states"])
        made = make()
        if is_main():
            partial = path.with_name(f".{path.name}-{os.getpid()}")
            save_file({"states": made.states}, partial)
            partial.replace(path)
        wait()
        return made


@contextmanager
def alone(path: Path | None) -> Iterator[None]:
    """Only one run at a time goes through the block for ``path``, with all its processes; any number for ``None``."""
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")) if is_main() else nullcontext():
        wait()
        yield


def tensors_sha256(state: dict[str, Tensor]) -> str:
    """Hash over names and values of tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _films(config: RunConfig, records: Sequence[Study]) -> list[Any]:
    """What decides which pixels are seen, in which order and augmentation, under which labels."""
    pixels = config.data.model_dump(mode="json", include={"corpus", "options", "augment", "flip"})
    return [pixels, config.seed, [study.study_id for study in records], data_sha256(records)]


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

"""Resumable states of a training run, each whole or absent.

    checkpoint-<step>/   learned.safetensors   what training changes
                         optimizer.pt          (FSDP: optimizer.bin, DeepSpeed: a folder)
                         scheduler.pt          learning-rate schedule
                         rng_state.pth         random numbers, one file per process where there are several
                         trainer_state.json    optimiser steps so far, log lines

The names are those of radz 0.1, whose states are resumed. A state is written next to its final place and moved there in
one step; states that are damaged all the same are deleted when the run resumes from the one before.
"""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from radz.errors import CheckpointError, TrainingError
from radz.storage import atomic_directory, remove_unfinished
from radz.training.distributed import is_main, wait

LEARNED, PROGRESS = "learned.safetensors", "trainer_state.json"
OPTIMIZERS = ("optimizer.pt", "optimizer.bin", "latest")
"""What a state has of the optimiser: alone or with DDP, with FSDP, with DeepSpeed."""


@contextmanager
def writing(folder: Path, step: int, learned: Mapping[str, Tensor], log: list[dict[str, float]]) -> Iterator[Path]:
    """A directory that all processes fill with the rest of the state; at the end it becomes ``checkpoint-<step>``.

    learned: tensors of any shape (...), by name.

    Raises TrainingError if it cannot be written, with the states before it untouched.
    """
    path = folder / f"checkpoint-{step}"
    try:
        with ExitStack() as stack:
            shared = [str(stack.enter_context(atomic_directory(path))) if is_main() else ""]
            partial = Path(broadcast_object_list(shared)[0])
            if is_main():
                save_file(dict(learned), partial / LEARNED)
                (partial / PROGRESS).write_text(
                    json.dumps({"global_step": step, "log_history": log}, indent=2) + "\n", encoding="utf-8"
                )
            yield partial
            wait()
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(
            f"The state of step {step} could not be written to {folder}: {error}. Free space there, or make it "
            "writable, and run the same command again: it resumes from the state before."
        ) from error


def keep_newest(folder: Path, count: int) -> None:
    """Delete all but the ``count`` newest states; the main process does."""
    if is_main():
        for state in _states(folder)[count:]:
            shutil.rmtree(state, ignore_errors=True)
    wait()


def newest_state(folder: Path) -> Path | None:
    """The newest whole state, the same for all processes; ``None`` if training starts anew.

    Damaged states and leftovers of a killed process are deleted.
    """
    newest: list[Path | None] = [None]
    if is_main():
        remove_unfinished(folder)
        newest = [_newest_whole(folder)]
    chosen: Path | None = broadcast_object_list(newest)[0]
    return chosen


def _newest_whole(folder: Path) -> Path | None:
    for state in _states(folder):
        reason = damage(state)
        if reason is None:
            return state
        logging.getLogger(__name__).warning("The state %s is damaged (%s) and is deleted.", state, reason)
        shutil.rmtree(state, ignore_errors=True)
    return None


def whole_states(folder: Path) -> list[Path]:
    """Resumable states in ``folder``, the newest first; damaged ones are left out."""
    return [state for state in _states(folder) if damage(state) is None]


def damage(state: Path) -> str | None:
    """What is wrong with a state's files, or ``None``: a missing file, one cut short, one that is not what it says."""
    try:
        read_progress(state)
        with safe_open(state / LEARNED, framework="pt"):
            pass  # the header is checked, and that the file is as long as it says
        if not any((state / name).is_file() for name in OPTIMIZERS):
            return "no optimizer state"
        for archive in (path for path in state.iterdir() if path.suffix in (".pt", ".pth", ".bin")):
            if archive.name != "training_args.bin" and (member := zipfile.ZipFile(archive).testzip()):
                return f"{archive.name}: {member} does not match its checksum"
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, zipfile.BadZipFile) as error:
        return str(error)
    return None


def read_progress(state: Path) -> tuple[int, list[dict[str, float]]]:
    """(optimiser steps behind a state, its log lines)."""
    progress = json.loads((state / PROGRESS).read_text(encoding="utf-8"))
    return int(progress["global_step"]), list(progress["log_history"])


def steps_done(state: Path) -> int:
    """Optimiser steps behind a state."""
    return read_progress(state)[0]


def mean_state(folder: Path, count: int) -> dict[str, Tensor]:
    """Mean of the tensors in the ``count`` newest states, (...) each, in float64; integers are those of the newest.

    Averaging weights along one run (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
    Generalization", UAI 2018). Raises CheckpointError if there are fewer states.
    """
    folders = whole_states(folder)[:count]
    if len(folders) < count:
        raise CheckpointError(
            f"train.average_states asks for the mean of {count} states, but the run left {len(folders)}: lower "
            "train.save_steps or train.average_states."
        )
    states = [load_file(state / LEARNED) for state in folders]
    return {name: _mean([state[name] for state in states]) for name in states[0]}


def _mean(tensors: list[Tensor]) -> Tensor:
    """Mean of tensors of one shape (...), the newest first; of integers the newest."""
    newest = tensors[0]
    return torch.stack([t.double() for t in tensors]).mean(0).to(newest.dtype) if newest.is_floating_point() else newest


def _states(folder: Path) -> list[Path]:
    """Directories of states, whole or not, the newest first."""
    numbered = [path for path in folder.glob("checkpoint-*") if path.name.split("-")[1].isdigit()]
    return sorted(numbered, key=lambda path: int(path.name.split("-")[1]), reverse=True)


def rng_path(state: Path, rank: int, world_size: int) -> Path:
    """Where one process's random state is."""
    return state / ("rng_state.pth" if world_size == 1 else f"rng_state_{rank}.pth")


def save_rng(path: Path) -> None:
    """Write torch's random state on the CPU and on all GPUs; nothing in training draws from another generator."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    torch.save(state, path)


def load_rng(path: Path) -> None:
    """Restore what ``save_rng`` or radz 0.1 wrote. Raises CheckpointError if it is missing."""
    if not path.is_file():
        raise CheckpointError(
            f"{path.parent} has no {path.name}: it was written by another number of processes. Resume with as many, "
            "or choose another output."
        )
    with torch.serialization.safe_globals(_numpy_globals()):
        state = torch.load(path, weights_only=True)
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        cuda = state["cuda"]
        torch.cuda.set_rng_state_all(cuda if isinstance(cuda, list) else [cuda])


def _numpy_globals() -> list[Any]:
    """What numpy's random state consists of, which radz 0.1 wrote in addition to torch's."""
    reconstruct = np.empty(0).__reduce__()[0]  # of an array, wherever numpy keeps it
    return [reconstruct, np.ndarray, np.dtype, np.dtypes.UInt32DType]

"""The training loop: every step of a run in one pass, resumed exactly where it stopped."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from accelerate.utils import set_seed
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from radz.config import TrainConfig
from radz.data.loader import steps
from radz.errors import TrainingError
from radz.training.distributed import is_main, unshard
from radz.training.heap import EVERY, trim_heap
from radz.training.optimization import Optimization
from radz.training.states import LEARNED, keep_newest, newest_state, read_progress, writing

Metrics = Callable[[], dict[str, float]]
"""-> metrics after a pass over the data, for the log."""


def fit(
    task: Any,
    loader: DataLoader[Any],
    config: TrainConfig,
    folder: Path,
    seed: int,
    *,
    rates: Mapping[str, float],
    measure: Metrics | None = None,
    after_step: Callable[[], None] | None = None,
) -> None:
    """Train ``task``, a ``Trainable``, on the loader's batches; states and trackers' files go to ``folder``.

    after_step: called when the parameters have moved.

    A run resumes from its newest whole state and computes what an uninterrupted one would have. A run that is finished,
    or has no step, is left as it is. Raises TrainingError if a loss or the gradients' norm is not finite.
    """
    per_epoch, planned = len(loader), steps_planned(config, len(loader))
    if planned == 0:
        return
    state = newest_state(folder)
    done, lines = (0, []) if state is None else read_progress(state)
    if state is not None:
        task.load_learned_state(load_file(state / LEARNED))
    if done >= planned:
        return
    training = Optimization.prepare(task, config, rates, planned, folder)
    log = Log(training, per_epoch, lines)
    set_seed(seed)
    batches = iter(steps(loader, done, planned))
    if state is not None:
        training.load(state)  # after the loader's start, which draws a random number
    training.model.train()
    for step, batch in enumerate(tqdm(batches, "training", planned, initial=done, disable=not is_main()), done + 1):
        terms = training.forward(batch)
        log.add({name: _finite(f"loss '{name}'", float(term.detach()), step) for name, term in terms.items()})
        norm = _finite("norm of the gradients", training.backward(terms["loss"]), step)
        training.step()
        if after_step is not None:
            after_step()
        if training.accelerator.device.type != "cuda" and step % EVERY == 0:
            trim_heap()
        if step % config.log_steps == 0:
            log.write(step, {"grad_norm": norm, "learning_rate": training.learning_rate})
        if measure is not None and (step % per_epoch == 0 or step == planned):
            log.write(step, measure())
            training.model.train()
        if step % config.save_steps == 0 or step == planned:
            with writing(folder, step, task.learned_state(), log.lines) as partial:
                training.save(partial)
            keep_newest(folder, config.keep_states)
    log.finish()
    unshard(task)


def steps_planned(config: TrainConfig, per_epoch: int) -> int:
    """Optimiser steps of the whole run."""
    return config.max_steps if config.max_steps > 0 else math.ceil(config.epochs * per_epoch)


class Log:
    """Log lines: means of every loss term since the last line, the step and the epoch."""

    def __init__(self, training: Optimization, per_epoch: int, lines: list[dict[str, float]]) -> None:
        self.accelerator, self.per_epoch, self.lines = training.accelerator, per_epoch, lines
        self.terms: dict[str, list[float]] = defaultdict(list)
        self.accelerator.init_trackers("radz")

    def add(self, terms: Mapping[str, float]) -> None:
        """Remember the terms of one step."""
        for name, value in terms.items():
            self.terms["loss" if name == "loss" else f"loss_{name}"].append(value)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """One line of the terms so far and ``values``, kept with the states and sent to the trackers."""
        means = {name: sum(terms) / len(terms) for name, terms in self.terms.items()}
        self.terms.clear()
        line = {**means, **values, "epoch": step / self.per_epoch, "step": step}
        self.lines.append(line)
        self.accelerator.log(line, step=step)

    def finish(self) -> None:
        """Close the trackers' files."""
        for tracker in self.accelerator.trackers:
            tracker.finish()


def _finite(what: str, value: float, step: int) -> float:
    if not math.isfinite(value):
        raise TrainingError(
            f"The {what} is {value} in step {step}. This step is not saved: resume with a lower learning rate, or with "
            "train.dtype=float32 if the numbers were bfloat16."
        )
    return value

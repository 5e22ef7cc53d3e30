"""transformers' Trainer over our modules: what it adds is rates per part, logged terms, small states."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate.data_loader import prepare_data_loader
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from radz.config import TrainConfig
from radz.errors import CheckpointError, TrainingError
from radz.train.distributed import shards
from radz.train.heap import EVERY, trim_heap
from radz.types import PairBatch

STATE = "learned.safetensors"


class Trainable(Protocol):
    """A module that the trainer can fit: ``forward(batch) -> {"loss": …, "<term>": …}``."""

    def learned_state(self) -> dict[str, Tensor]:
        """Tensors that training changes."""
        ...

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Put back what ``learned_state`` gave."""
        ...

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters by name of their rate."""
        ...


class RadzTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """Exact resume, one learning rate per part, a mean of every loss term in each log line.

    Raises TrainingError where a loss or the gradients' norm is not finite: such a step changes nothing or ruins all.
    """

    def __init__(self, task: Any, loader: DataLoader[Any], args: TrainingArguments, rates: dict[str, float]) -> None:
        super().__init__(model=task, args=args)
        self._loader, self._rates = loader, rates
        self._terms: dict[str, list[float]] = defaultdict(list)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The loader that data/loading.py built, prepared for this process."""
        if self.args.world_size > 1:  # each process's own share of the batches is in the sampler already
            return prepare_data_loader(self._loader, self.args.device, num_processes=1, process_index=0)  # type: ignore[no-any-return]
        loader: DataLoader[Any] = self.accelerator.prepare(self._loader)
        return loader

    def num_examples(self, dataloader: DataLoader[Any]) -> int:
        """Pairs in one pass."""
        batch_size: int = self.args.per_device_train_batch_size
        return len(dataloader) * batch_size

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW with one group per part; one-dimensional parameters do not decay."""
        if self.optimizer is None:
            self.optimizer: torch.optim.Optimizer
            groups = []
            for part, parameters in self.model.rate_groups().items():
                for decays in (True, False):
                    chosen = [p for p in parameters if (p.ndim > 1) == decays]
                    decay = self.args.weight_decay if decays else 0.0
                    groups.append({"params": chosen, "lr": self._rates[part], "weight_decay": decay})
            self.optimizer = torch.optim.AdamW([g for g in groups if g["params"]])
        return self.optimizer

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        """Total loss of one batch; its terms are remembered for the next log line."""
        outputs = model(inputs)
        for name, value in outputs.items():
            if name != "loss":
                self._terms[name].append(self._finite(f"loss '{name}'", float(value.detach())))
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """One step; every few of them, memory that the last ones left behind goes back to the system."""
        loss: Tensor = super().training_step(*args, **kwargs)
        if self.args.use_cpu and self.state.global_step % EVERY == 0:
            trim_heap()
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the mean of each term since the last line."""
        if "grad_norm" in logs:
            self._finite("norm of the gradients", float(logs["grad_norm"]))
        for name, values in self._terms.items():
            logs[f"loss_{name}"] = sum(values) / len(values)
        self._terms.clear()
        super().log(logs, *args, **kwargs)

    def _finite(self, what: str, value: float) -> float:
        if not math.isfinite(value):
            raise TrainingError(
                f"The {what} is {value} in step {self.state.global_step}. Nothing is saved of it; resume with a lower "
                "learning rate, or with train.dtype=float32 if the numbers were bfloat16."
            )
        return value

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> None:
        """Losses are means over pairs: there are no language-model tokens to count."""

    def floating_point_ops(self, inputs: Any) -> int:
        """Not estimated: the formula counts a language model's tokens."""
        return 0

    def _prepare_inputs(self, inputs: Any) -> Any:
        return inputs.to(self.args.device) if isinstance(inputs, PairBatch) else super()._prepare_inputs(inputs)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        state = self.model.learned_state()  # every process comes here, as a sharded state is put together by all
        if self.args.should_save:
            folder.mkdir(parents=True, exist_ok=True)
            save_file(state, folder / STATE)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if shards():
            self._fill_states()
        super()._save_optimizer_and_scheduler(output_dir)

    def _fill_states(self) -> None:
        """States of parameters that nothing reads, such as a tower's last layer; FSDP resumes with all or none."""
        optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        for parameter in (p for group in optimizer.param_groups for p in group["params"]):
            if parameter not in optimizer.state:
                zeros = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
                optimizer.state[parameter] = {"step": torch.tensor(0.0), **zeros}

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if shards():  # was loaded before it was sharded
            return
        (model or self.model).load_learned_state(load_file(Path(resume_from_checkpoint) / STATE))


def training_arguments(config: TrainConfig, folder: Path, seed: int, **overrides: Any) -> TrainingArguments:
    """Our settings as transformers' own."""
    arguments: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": config.batch_size,
        "num_train_epochs": config.epochs,
        "max_steps": config.max_steps,
        "learning_rate": config.learning_rate,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "warmup_steps": config.warmup_fraction,
        "lr_scheduler_type": "cosine",
        "logging_steps": config.log_steps,
        "save_strategy": "steps",
        "save_steps": config.save_steps,
        "save_total_limit": config.keep_states,
        "report_to": list(config.reporters) or "none",
        "remove_unused_columns": False,
        "seed": seed,
        "use_cpu": not torch.cuda.is_available(),
        "dataloader_num_workers": config.workers,
    }
    return TrainingArguments(**(arguments | overrides))


def last_state(folder: Path) -> str | None:
    """The newest whole resumable state in ``folder``; ``None`` where there is none to resume."""
    if states := whole_states(folder):
        return str(states[0])
    if folder.is_dir() and get_last_checkpoint(str(folder)) is not None:
        raise CheckpointError(f"{folder} holds only unfinished states; delete them to start this run anew.")
    return None


def whole_states(folder: Path) -> list[Path]:
    """Resumable states in ``folder``, the newest first.

    A state that was being written when the run was killed lacks its last file and is passed over.
    """
    states = sorted(folder.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]), reverse=True)
    return [s for s in states if (s / "trainer_state.json").is_file() and (s / STATE).is_file()]


def steps_done(state: str) -> int:
    """Optimiser steps behind a resumable state."""
    done: int = json.loads((Path(state) / "trainer_state.json").read_text(encoding="utf-8"))["global_step"]
    return done


def steps_planned(arguments: TrainingArguments, loader: Any) -> int:
    """Optimiser steps of the whole run."""
    epochs: float = arguments.num_train_epochs
    return int(arguments.max_steps) if arguments.max_steps > 0 else math.ceil(epochs * len(loader))


def mean_state(folder: Path, count: int) -> dict[str, Tensor]:
    """Mean of the tensors in the ``count`` newest states, computed in float64; whole numbers are those of the newest.

    Averaging weights along one run (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
    Generalization", UAI 2018). Raises CheckpointError where there are fewer states.
    """
    folders = whole_states(folder)[:count]
    if len(folders) < count:
        raise CheckpointError(
            f"The mean of {count} states was asked for and the run left {len(folders)}: lower train.save_steps or "
            "train.average_states."
        )
    states = [load_file(state / STATE) for state in folders]
    return {name: _mean([state[name] for state in states]) for name in states[0]}


def _mean(tensors: list[Tensor]) -> Tensor:
    newest = tensors[0]
    return torch.stack([t.double() for t in tensors]).mean(0).to(newest.dtype) if newest.is_floating_point() else newest

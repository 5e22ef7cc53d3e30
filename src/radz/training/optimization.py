"""A task under its optimiser and learning-rate schedule, on one device, over DDP, FSDP or DeepSpeed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType
from accelerate.utils.fsdp_utils import load_fsdp_optimizer, save_fsdp_optimizer
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_cosine_schedule_with_warmup

from radz.config import TrainConfig
from radz.errors import CheckpointError
from radz.model.checkpoint import joined
from radz.training.distributed import is_main, make_shardable, rank_and_world_size, shards
from radz.training.states import load_rng, rng_path, save_rng
from radz.types import PairBatch


class Trainable(Protocol):
    """A module that can be fitted: ``forward(batch) -> {"loss": …, "<term>": …}``, scalars."""

    def learned_state(self) -> dict[str, Tensor]:
        """Tensors (...) that training changes, by name."""
        ...

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Load what ``learned_state`` returned, tensors (...) by name."""
        ...

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters by name of their rate."""
        ...


@dataclass
class Optimization:
    """``model`` is the task as accelerate wraps it."""

    accelerator: Accelerator
    model: Any
    optimizer: Any
    schedule: LambdaLR
    max_grad_norm: float

    @classmethod
    def prepare(
        cls, task: Any, config: TrainConfig, rates: Mapping[str, float], steps: int, folder: Path
    ) -> Optimization:
        """AdamW with one learning rate per part, a cosine schedule over ``steps``, wrapped as the launcher asks."""
        AcceleratorState._reset_state(reset_partial_state=True)  # an earlier fit's, such as FSDP's choice of layers
        accelerator = Accelerator(
            cpu=not torch.cuda.is_available(),
            log_with=[*config.reporters] or None,
            project_dir=folder,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        if accelerator.distributed_type == DistributedType.DEEPSPEED:
            settings = accelerator.state.deepspeed_plugin.deepspeed_config
            settings["train_micro_batch_size_per_gpu"] = config.batch_size
        if shards():
            make_shardable(task)
        optimizer = AdamW(parameter_groups(task, rates, config.weight_decay))
        schedule = get_cosine_schedule_with_warmup(optimizer, math.ceil(config.warmup_fraction * steps), steps)
        model, optimizer = accelerator.prepare(task, optimizer)
        return cls(accelerator, model, optimizer, schedule, config.max_grad_norm)

    def forward(self, batch: PairBatch) -> dict[str, Tensor]:
        """The loss and its terms, scalars each."""
        terms: dict[str, Tensor] = self.model(batch.to(self.accelerator.device))
        return terms

    def backward(self, loss: Tensor) -> float:
        """Gradients of a scalar loss, clipped; their norm before."""
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.max_grad_norm)
        return float(joined(norm)) if isinstance(norm, Tensor) else float(norm or 0.0)

    def step(self) -> None:
        """Move the parameters and the learning rate."""
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()

    @property
    def learning_rate(self) -> float:
        """Of the first group, for the log."""
        return float(self.schedule.get_last_lr()[0])

    def save(self, state: Path) -> None:
        """Write optimiser, schedule and random numbers; all processes together."""
        if self._deepspeed:
            self.model.save_checkpoint(str(state), exclude_frozen_parameters=True)
        elif self._fsdp:
            fill_states(self.optimizer)
            save_fsdp_optimizer(self._fsdp, self.accelerator, self.optimizer, self.model, str(state))
        elif is_main():
            torch.save(self.optimizer.state_dict(), state / "optimizer.pt")
        if is_main():
            torch.save(self.schedule.state_dict(), state / "scheduler.pt")
        save_rng(rng_path(state, *rank_and_world_size()))

    def load(self, state: Path) -> None:
        """Restore what ``save`` or radz 0.1 wrote. Raises CheckpointError for a state of another kind of launch."""
        expected = "latest" if self._deepspeed else "optimizer.bin" if self._fsdp else "optimizer.pt"
        if not (state / expected).is_file():
            raise CheckpointError(
                f"{state} has no {expected}: it was written by processes that share parameters out in another way. "
                "Resume with the launch configuration that the run started with, or choose another output."
            )
        if self._deepspeed:
            self.model.load_checkpoint(str(state), load_module_strict=False)
        elif self._fsdp:
            load_fsdp_optimizer(self._fsdp, self.accelerator, self.optimizer, self.model, str(state))
        else:
            self.optimizer.load_state_dict(torch.load(state / expected, map_location="cpu", weights_only=True))
        self.schedule.load_state_dict(torch.load(state / "scheduler.pt", weights_only=True))
        load_rng(rng_path(state, *rank_and_world_size()))

    @property
    def _deepspeed(self) -> bool:
        kind: bool = self.accelerator.distributed_type == DistributedType.DEEPSPEED
        return kind

    @property
    def _fsdp(self) -> Any:
        """accelerate's plugin where parameters are sharded, else ``None``."""
        return self.accelerator.state.fsdp_plugin if self.accelerator.distributed_type == DistributedType.FSDP else None


def parameter_groups(task: Trainable, rates: Mapping[str, float], weight_decay: float) -> list[dict[str, Any]]:
    """One group per part, and another for its one-dimensional parameters, which do not decay."""
    groups = [
        {
            "params": [p for p in parameters if (p.ndim > 1) == decays],
            "lr": rates[part],
            "weight_decay": weight_decay if decays else 0.0,
        }
        for part, parameters in task.rate_groups().items()
        for decays in (True, False)
    ]
    return [group for group in groups if group["params"]]


def fill_states(optimizer: Any) -> None:
    """Give a state to parameters that nothing reads, such as a tower's last layer: FSDP resumes with all or none."""
    optimizer = getattr(optimizer, "optimizer", optimizer)
    for parameter in (p for group in optimizer.param_groups for p in group["params"]):
        if parameter not in optimizer.state:
            zeros = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
            optimizer.state[parameter] = {"step": torch.tensor(0.0), **zeros}

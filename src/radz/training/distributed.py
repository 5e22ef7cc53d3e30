"""One batch over several processes: every process computes the loss of the union, on the same features.

Features, labels and the identity of texts are gathered, so that a process sees the images and reports of all others, as
negatives or as positives. In the backward pass a process takes only the gradient at its own
features, times the number of processes, since DDP, FSDP and DeepSpeed then average over them. The mean is the gradient
of one process on the union, both for what acts through features and for what acts directly (anchors, drift, a learned
temperature).

Ranks, waiting and gathering are accelerate's. ``torch.distributed.nn.functional.all_gather``, which would also carry
gradients, is deprecated in torch 2.14 and sums over processes what each of them already has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

import torch
from accelerate import PartialState
from accelerate.utils import gather as gather_tensors
from torch import Tensor, nn
from torch import distributed as dist

from radz.model.checkpoint import joined
from radz.types import BatchRows, Features


def this_process() -> PartialState:
    """This process among those that ``accelerate launch`` or ``torchrun`` started, which the first call connects."""
    return PartialState(cpu=not torch.cuda.is_available())


def rank_and_world_size() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) for a single process."""
    state = this_process()
    return state.process_index, state.num_processes


def is_main() -> bool:
    """Whether this process writes the files."""
    main: bool = this_process().is_main_process
    return main


def wait() -> None:
    """Wait until every process is here."""
    this_process().wait_for_everyone()


@contextmanager
def main_first() -> Iterator[None]:
    """The first process goes through the block alone, the others after it."""
    with this_process().main_process_first():
        yield


def shards() -> bool:
    """Whether the processes were started to hold a part of the parameters each (FSDP)."""
    return rank_and_world_size()[1] > 1 and os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def unshard(module: nn.Module) -> None:
    """Give a ``module`` that was sharded whole parameters again, as before training; all processes together."""
    if not shards():
        return
    from torch.distributed.fsdp import FSDPModule

    for part in module.modules():
        if isinstance(part, FSDPModule):
            part.reshard()
    for child in module.modules():
        for name, parameter in [*child.named_parameters(recurse=False)]:
            child.register_parameter(name, nn.Parameter(joined(parameter.detach()), parameter.requires_grad))


def passes(count: int) -> int:
    """How often all processes run the model where this one has ``count`` chunks: as often as the busiest, if sharded.

    Parts of a sharded model are exchanged in every pass, so no process may make fewer of them.
    """
    if not shards():
        return count
    most = torch.tensor(count, device=this_process().device)
    dist.all_reduce(most, dist.ReduceOp.MAX)
    return int(most)


def make_shardable(module: nn.Module) -> None:
    """Lay out every parameter row by row, as FSDP requires; a convolutional tower's are channel by channel."""
    for parameter in module.parameters():
        parameter.data = parameter.data.contiguous()


def gather(rows: Tensor) -> Tensor:
    """Rows of this process (N, ...) -> those of all, (W * N, ...), by rank; gradients reach this process's rows."""
    rank, count = rank_and_world_size()
    if count == 1:
        return rows
    parts = [*gather_tensors(rows.detach()).chunk(count)]
    if rows.requires_grad:
        parts[rank] = rows.view_as(rows)
        parts[rank].register_hook(lambda gradient: gradient * count)
    return torch.cat(parts)


def gather_features(features: Features) -> Features:
    """Features (N, ...) of this process's images and reports -> those of all processes, (W * N, ...)."""
    values = {field.name: getattr(features, field.name) for field in fields(Features)}
    return Features(**{name: None if rows is None else gather(rows) for name, rows in values.items()})


def gather_rows(rows: BatchRows) -> BatchRows:
    """Labels (B, C) and the rest of this process's studies -> those of all processes', (W * B, C)."""
    first = rank_and_world_size()[0] * len(rows.labels)
    return replace(
        rows,
        labels=gather(rows.labels),
        uncertain=gather(rows.uncertain.byte()).bool(),
        images=gather(rows.images + first),
        reports=gather(rows.reports + first),
        texts=gather(rows.texts),
    )

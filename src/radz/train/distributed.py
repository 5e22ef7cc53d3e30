"""One batch over several processes: every process computes the loss of the union, on the same features.

Features, labels and the identity of texts are gathered, so that a process sees the films and reports of all others as
negatives, or as the positives that they are. Backward, a process takes the gradient at its own features alone, times
the number of processes, since DDP, FSDP and DeepSpeed then average over them: the mean is the gradient of one process
on the union, both for what acts by way of features and for what acts directly (anchors, drift, a learned temperature).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from radz.model.checkpoint import joined
from radz.types import Batch, Features


def connect() -> None:
    """Join the other processes where `accelerate launch` or `torchrun` started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from accelerate import PartialState

        PartialState(cpu=not torch.cuda.is_available())


def place() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) alone."""
    several = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if several else (0, 1)


def shards() -> bool:
    """Whether the processes were started to hold a part of the parameters each (FSDP)."""
    return place()[1] > 1 and os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def gather_for_good(module: nn.Module) -> None:
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


def passes(own: int) -> int:
    """How often all processes run the model where this one has ``own`` chunks: as often as the busiest, if sharded.

    Parts of a sharded model are exchanged in every pass, so that nobody may make fewer of them.
    """
    if not shards():
        return own
    most = torch.tensor(own, device="cuda" if torch.cuda.is_available() else "cpu")
    dist.all_reduce(most, dist.ReduceOp.MAX)
    return int(most)


def make_shardable(module: nn.Module) -> None:
    """Lay out every parameter row by row, as FSDP asks; a convolutional tower's are channel by channel."""
    for parameter in module.parameters():
        parameter.data = parameter.data.contiguous()


def is_main() -> bool:
    """Whether this process writes the files."""
    return place()[0] == 0


def wait() -> None:
    """Until every process is here."""
    if place()[1] > 1:
        dist.barrier()


@contextmanager
def main_first() -> Iterator[None]:
    """The first process goes through the block alone, the others after it."""
    if not is_main():
        wait()
    yield
    if is_main():
        wait()


def gather(rows: Tensor) -> Tensor:
    """Rows of this process (N, ...) -> those of all, (W * N, ...), in order of rank; gradients reach one's own."""
    rank, count = place()
    if count == 1:
        return rows
    sent = rows.detach().contiguous()
    parts = [torch.empty_like(sent) for _ in range(count)]
    dist.all_gather(parts, sent)
    if rows.requires_grad:
        parts[rank] = rows.view_as(rows)
        parts[rank].register_hook(lambda gradient: gradient * count)  # type: ignore[no-untyped-call]
    return torch.cat(parts)


def union_of_features(features: Features) -> Features:
    """Features of all processes' films and reports."""
    if place()[1] == 1:
        return features
    found = {f.name: getattr(features, f.name) for f in fields(Features)}
    return Features(**{name: None if rows is None else gather(rows) for name, rows in found.items()})


def union_of_batches(batch: Batch) -> Batch:
    """What losses read of a batch, of all processes' studies: labels, films, reports and whose texts agree."""
    rank, count = place()
    if count == 1:
        return batch
    assert batch.labels is not None
    assert batch.text_keys is not None
    first = rank * len(batch.labels)
    return replace(
        batch,
        labels=gather(batch.labels),
        uncertain=None if batch.uncertain is None else gather(batch.uncertain.byte()).bool(),
        text_index=torch.unique(gather(batch.text_keys), return_inverse=True)[1],
        films=None if batch.films is None else gather(batch.films + first),
        reports=None if batch.reports is None else gather(batch.reports + first),
    )


def union_of_guidance(given: dict[str, Any]) -> dict[str, Any]:
    """What losses compare with: that of rows from all processes, the rest (anchors, hierarchy, drift) as it is."""
    united = dict(given)
    if united.get("second_view") is not None:
        united["second_view"] = union_of_features(united["second_view"])
    if "captions" in united:
        united["captions"] = gather(united["captions"])
    return united

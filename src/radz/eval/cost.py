"""The cost of a model on this machine: size, arithmetic, memory and speed of scoring images.

Images are in memory and anchors encoded; reading files and encoding sentences are not included. Costs of two models
compare if one machine measured both, one after the other, preferably each in a separate process.
"""

from __future__ import annotations

import gc
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import psutil
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from radz.errors import ScoresError
from radz.types import Anchors, Study, ZeroShotModel

CALLS = 50
MIB = 2**20
SAMPLING_S = 0.005


@runtime_checkable
class HoldsModules(Protocol):
    """A model that lists the torch modules that scoring runs."""

    def modules(self) -> Iterable[nn.Module]:
        """Each module once."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of scoring images.

    parameters: of every torch module that the model holds; 0 for a model without torch. active_parameters: of these,
    the ones that are read while an image is scored; an encoder that made the anchors beforehand is not.
    trained_parameters: what training changed. flops_per_image: multiplications and additions of matrix products,
    convolutions and attention for one image. peak_memory_mib: greatest memory of the process (CPU) or of torch's
    allocator (CUDA) while scoring; working_memory_mib: the part that was not in use before the first image.
    p50_latency_ms, p95_latency_ms: of ``calls`` calls with one image each. images_per_second: in batches of
    ``batch_size``. concepts: how many were scored. device, threads, machine: where it was measured.
    """

    model: str
    parameters: int
    active_parameters: int
    trained_parameters: int
    flops_per_image: int
    peak_memory_mib: float
    working_memory_mib: float
    p50_latency_ms: float
    p95_latency_ms: float
    images_per_second: float
    calls: int
    batch_size: int
    concepts: int
    device: str
    threads: int
    machine: str


def measure_cost(
    model: ZeroShotModel,
    studies: Sequence[Study],
    anchors: Anchors,
    *,
    name: str | None = None,
    batch_size: int = 16,
    calls: int = CALLS,
    trained_parameters: int | None = None,
) -> Cost:
    """Cost of ``model`` on studies with pixels, gone through again where they are fewer than a measurement takes.

    name: what tables call the model. trained_parameters: where the caller knows them
    (``radz.model.checkpoint.trained_parameters`` reads them from a checkpoint); by default the parameters that require
    a gradient. Raises ScoresError if no study has pixels.
    """
    images = [study for study in studies if study.pixels is not None]
    if not images:
        raise ScoresError(f"Cost is measured on images, got {len(studies)} studies without pixels: read them first.")
    singles = [[images[i % len(images)]] for i in range(calls)]
    batches = [[images[i % len(images)] for i in range(start, start + batch_size)] for start in (0, batch_size)]
    parameters = {id(p): p for module in torch_modules(model) for p in module.parameters()}.values()
    device = next((p.device for p in parameters), torch.device("cpu"))
    with _memory(device) as memory:
        model.score(batches[0], anchors)  # the first call of a size prepares kernels
        latencies = _seconds(model, singles, anchors)
        throughput = _seconds(model, batches, anchors)
    p50, p95 = np.percentile(latencies, [50, 95]) * 1000
    active, flops = _work(partial(model.score, singles[0], anchors))
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    return Cost(
        model=name or model.name,
        parameters=sum(p.numel() for p in parameters),
        active_parameters=active,
        trained_parameters=trained if trained_parameters is None else trained_parameters,
        flops_per_image=flops,
        peak_memory_mib=memory.peak / MIB,
        working_memory_mib=(memory.peak - memory.before) / MIB,
        p50_latency_ms=float(p50),
        p95_latency_ms=float(p95),
        images_per_second=batch_size * len(batches) / sum(throughput),
        calls=calls,
        batch_size=batch_size,
        concepts=len(anchors),
        device=str(device),
        threads=torch.get_num_threads(),
        machine=f"{platform.system()} {platform.machine()}",
    )


def torch_modules(model: ZeroShotModel) -> list[nn.Module]:
    """The torch modules that scoring runs, as the model lists them; none for a model without torch."""
    return list(model.modules()) if isinstance(model, HoldsModules) else []


def _seconds(model: ZeroShotModel, batches: Sequence[Sequence[Study]], anchors: Anchors) -> list[float]:
    """Seconds of each call; scores are arrays of the host, so a call ends when the device has finished."""
    seconds = []
    for batch in batches:
        start = time.perf_counter()
        model.score(batch, anchors)
        seconds.append(time.perf_counter() - start)
    return seconds


class _ReadParameters(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Remembers every parameter that an operation reads."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for value in torch.utils._pytree.tree_leaves((args, kwargs)):
            if isinstance(value, nn.Parameter):
                self.sizes[id(value)] = value.numel()
        return func(*args, **(kwargs or {}))


def _work(run: Callable[[], object]) -> tuple[int, int]:
    """Parameters that one call reads, and its floating-point operations."""
    on_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # torch counts attention on CUDA only
    counter = FlopCounterMode(display=False, custom_mapping={on_cpu: _attention_flops})
    with _ReadParameters() as read, counter:
        run()
    return sum(read.sizes.values()), int(counter.get_total_flops())


def _attention_flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class _Memory:
    """Bytes held before and at the peak."""

    before: int
    peak: int
    stop: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> None:
        process = psutil.Process()
        while not self.stop.wait(SAMPLING_S):
            self.peak = max(self.peak, process.memory_info().rss)


@contextmanager
def _memory(device: torch.device) -> Iterator[_Memory]:
    """Memory while the block runs: of torch's allocator on CUDA, else of the process, looked at 200 times a second."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        held = torch.cuda.memory_allocated(device)
        memory = _Memory(held, held)
        yield memory
        memory.peak = torch.cuda.max_memory_allocated(device)
        return
    gc.collect()  # memory returned while the block runs would hide as much of what it allocates
    held = psutil.Process().memory_info().rss
    memory = _Memory(held, held)
    sampler = threading.Thread(target=memory.sample, daemon=True)
    sampler.start()
    try:
        yield memory
    finally:
        memory.stop.set()
        sampler.join()

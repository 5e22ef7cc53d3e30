"""What scoring costs, next to quality, where it was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from radz.report.blocks import Section, row, table
from radz.report.contents import Contents
from radz.report.format import number

NOTES = (
    "Films in memory, anchors encoded: reading files and encoding sentences are no part of it. Active: read while a "
    "film is scored. Trained: what the evaluated checkpoint's training changed; of other models, parameters that are "
    "not frozen. Working memory: what was not held before the first film.",
    "Models are compared where one machine measured them, one after the other; a model measured later may profit from "
    "memory that the process holds already.",
)


def section(contents: Contents) -> Section | None:
    """One column per model that was measured."""
    costs = {name: e.provenance.cost for name, e in contents.evaluated.items() if e.provenance.cost}
    if not costs:
        return None
    rows = [row(name, *(say(cost) for cost in costs.values())) for name, say in ROWS.items()]
    return Section("cost", "Cost", (table("What scoring costs", "|".join(("what", *costs)), rows, notes=NOTES),))


def _large(value: float) -> str:
    """A count in thousands, millions and so on."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{number(value / size, 1)} {unit}"
    return number(value, 0)


def _field(name: str, say: Callable[[Any], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda cost: say(cost[name]) if name in cost else ""


def _megabytes(value: float) -> str:
    return f"{number(value, 0)} MiB"


def _milliseconds(value: float) -> str:
    return f"{number(value, 1)} ms"


ROWS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "parameters": _field("parameters", _large),
    "active": _field("active_parameters", _large),
    "trained": _field("trained_parameters", _large),
    "FLOPs per film": _field("flops_per_image", _large),
    "peak memory": _field("peak_memory_mib", _megabytes),
    "working memory": _field("working_memory_mib", _megabytes),
    "latency, median": _field("p50_latency_ms", _milliseconds),
    "latency, 95th percentile": _field("p95_latency_ms", _milliseconds),
    "films per second": _field("images_per_second", lambda value: number(value, 1)),
    "calls timed": _field("calls", str),
    "films per batch": _field("batch_size", str),
    "findings scored": _field("concepts", str),
    "device": _field("device", str),
    "threads": _field("threads", str),
    "machine": _field("machine", str),
}

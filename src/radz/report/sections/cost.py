"""What scoring costs, next to quality, where it was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from radz.report.blocks import Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import count, magnitude, number

NOTES = (
    "Measured with images in memory and anchors encoded: reading files and encoding sentences are not included. "
    "Active: parameters read while an image is scored. Trained: parameters that the evaluated checkpoint's training "
    "changed; of other models, those that are not frozen. Working memory: what was not in use before the first image.",
    "Models are comparable if one machine measured them one after the other; a model measured later may benefit from "
    "memory that the process already holds.",
)


def section(contents: Contents) -> Section | None:
    """One column per model that was measured."""
    costs = {name: e.provenance.cost for name, e in contents.evaluated.items() if e.provenance.cost}
    return Section("cost", "Cost", (costs_table(costs),)) if costs else None


def costs_table(costs: Mapping[str, Mapping[str, Any]]) -> Table:
    """A row per quantity, a column per model: model -> fields of ``radz.eval.cost.Cost``."""
    texts = {name: [text(cost) for cost in costs.values()] for name, text in ROWS.items()}
    rows = [row(name, *values) for name, values in texts.items() if any(values)]
    return table("What scoring costs", ("quantity", *costs), rows, notes=NOTES)


def _field(name: str, text: Callable[[Any], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda cost: text(cost[name]) if name in cost else ""


def _megabytes(value: float) -> str:
    return f"{count(value)} MiB"


def _milliseconds(value: float) -> str:
    return f"{number(value, 1)} ms"


ROWS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "parameters": _field("parameters", magnitude),
    "active": _field("active_parameters", magnitude),
    "trained": _field("trained_parameters", magnitude),
    "FLOPs per image": _field("flops_per_image", magnitude),
    "peak memory": _field("peak_memory_mib", _megabytes),
    "working memory": _field("working_memory_mib", _megabytes),
    "latency, median": _field("p50_latency_ms", _milliseconds),
    "latency, 95th percentile": _field("p95_latency_ms", _milliseconds),
    "images per second": _field("images_per_second", lambda value: number(value, 1)),
    "calls timed": _field("calls", str),
    "images per batch": _field("batch_size", str),
    "findings scored": _field("concepts", str),
    "device": _field("device", str),
    "threads": _field("threads", str),
    "machine": _field("machine", str),
}

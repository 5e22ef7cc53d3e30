"""Several models side by side: quality with paired differences, beside cost. Nothing here computes a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from radz.eval.cost import Cost
from radz.report.tables import ModelRow, exposure_line, plain
from radz.types import RESEARCH_USE

COLUMNS = (
    "model", "params M", "read M", "trained M", "GFLOP/image", "peak MiB", "p50 ms", "p95 ms", "images/s",
)  # fmt: skip


def costs_table(costs: Sequence[Cost]) -> Table:
    """One line per model; latency is of one film, throughput of a batch."""
    table = Table(title="cost on this machine", title_justify="left", title_style="bold")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for cost in costs:
        sizes = (cost.parameters, cost.active_parameters, cost.trained_parameters)
        table.add_row(
            cost.model,
            *(f"{size / 1e6:.1f}" for size in sizes),
            f"{cost.flops_per_image / 1e9:.2f}",
            f"{cost.peak_memory_mib:.0f}",
            f"{cost.p50_latency_ms:.1f}",
            f"{cost.p95_latency_ms:.1f}",
            f"{cost.images_per_second:.1f}",
        )
    return table


def cost_lines(costs: Sequence[Cost]) -> list[str]:
    """How the costs were measured."""
    if not costs:
        return []
    first = costs[0]
    return [
        f"Cost: {first.concepts} findings; latency of {first.calls} calls with one film, throughput in batches of "
        f"{first.batch_size}, on {first.device} with {first.threads} threads ({first.machine}). Peak memory is of the "
        "process that holds all models; read: parameters that one film needs."
    ]


def exposure_lines(rows: Sequence[ModelRow]) -> list[str]:
    """What each model has seen of the findings, as far as it is known."""
    return [f"{row.name}: {exposure_line(row.evaluation)}." for row in rows if row.evaluation is not None]


def comparison_record(rows: Sequence[ModelRow], costs: Sequence[Cost], files: Mapping[str, Path]) -> dict[str, Any]:
    """The same as plain values, for JSON; of each model every finding, too."""
    by_name = {cost.model: asdict(cost) for cost in costs}
    models = [
        {
            "model": row.name,
            "zero_shot": exposure_line(row.evaluation) if row.evaluation else None,
            "evaluation": asdict(row.evaluation) if row.evaluation else None,
            "gain_of_first": asdict(row.comparison) if row.comparison else None,
            "cost": by_name.get(row.name),
            "scores": str(files[row.name]) if row.name in files else None,
            "note": row.note,
        }
        for row in rows
    ]
    made: dict[str, Any] = plain({"notice": RESEARCH_USE, "models": models})
    return made

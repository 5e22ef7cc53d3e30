"""The tables of the source article, with our numbers from the records. An empty cell names the data that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from published import Published, claimed, stated
from radz.experiments.ablation.record import Record, is_finished
from radz.report.blocks import Cell, Row, Table, row, table
from radz.report.format import p_value, with_interval

METHOD = "both"
"""Arm of ``components`` that is the whole method."""


def overall_table(overall: Record | None, components: Record | None, published: Published) -> Table:
    """One row per dataset: the article's claim, the paper's number, and ours if its images are available.

    Without a record of ``overall``, the arm METHOD of ``components`` gives the number on the images of the folds.
    """
    claims, paper = published.claims["overall"], published.paper
    rows = []
    for dataset in dict.fromkeys([*claims, *paper["LLaVA-RadZ"], "PadChest", "Open-I"]):
        others = [stated(paper[system].get(dataset)) for system in ("LLaVA-RadZ", "same MLLM, no method")]
        values = _values(overall, dataset) or (_values(components, METHOD) if dataset == "ChestX-ray14" else None)
        ours = with_interval(values, empty=published.lacking(dataset, ""))
        rows.append(row(dataset, stated(claims.get(dataset)), *others, ours))
    columns = ("dataset", "article claims", "paper", "paper, same MLLM without method", "ours")
    return table("Overall and by dataset", columns, rows)


def systems_table(systems: Record | None, components: Record | None, published: Published) -> Table:
    """One row per system: our number on the images of our folds, and the published one on ChestX-ray14."""
    claims, arms = published.claims["systems"], _systems(systems, components)
    rows = []
    for name in dict.fromkeys([*arms, *claims]):
        arm = arms.get(name, {})
        lacking = arm.get("lacks") or published.lacking(name, "a run of configs/ablations/systems.yaml")
        others = [stated(claims.get(name)), stated(published.paper.get(name, {}).get("ChestX-ray14"))]
        ours = with_interval(arm.get("auroc_within"), empty=lacking)
        rows.append(row(name, *others, ours, with_interval(arm.get("difference"), sign="+", empty="")))
    first = next(iter(arms), "the first")
    columns = ("system", "article claims", "published on ChestX-ray14", "ours", f"minus {first}")
    return table("Systems", columns, rows)


def ablation_table(name: str, record: Record | None, published: Published) -> Table | None:
    """One row per arm and per claim. For a plan that was not run, the claims alone; nothing if there are none."""
    claims, command = published.claims.get(name, {}), run_command(name)
    if record is None or not is_finished(record):
        rows = [row(claim, stated(value), published.lacking(claim, command)) for claim, value in claims.items()]
        return table(name, ("arm", "article claims", "ours"), rows) if rows else None
    arms = record["arms"]
    first = next(iter(arms))
    rows = [_arm_row(arm, arms[arm], claimed(claims, arm, first), command) for arm in arms]
    rows += [
        row(claim, stated(value), published.lacking(claim, command), "", "", "")
        for claim, value in claims.items()
        if claim not in arms
    ]
    return table(name, ("arm", "article claims", "ours", f"minus {first}", "p", "runs"), rows)


def paper_table(published: Published) -> Table:
    """Published AUROC × 100, by system and dataset."""
    datasets = [*dict.fromkeys(dataset for values in published.paper.values() for dataset in values)]
    rows = [row(name, *(stated(values.get(d)) for d in datasets)) for name, values in published.paper.items()]
    return table("Published numbers", ("system", *datasets), rows)


def run_command(name: str) -> str:
    """The command that runs a plan."""
    return f"radz ablate configs/ablations/{name}.yaml"


def _systems(systems: Record | None, components: Record | None) -> Mapping[str, Mapping[str, Any]]:
    """The arms of ``systems``; without its record, the method alone from ``components``."""
    if systems:
        arms: Mapping[str, Mapping[str, Any]] = systems["arms"]
        return arms
    if not components:
        return {}
    method = components["arms"].get(METHOD, {})
    return {"LLaVA-RadZ": {key: value for key, value in method.items() if key != "difference"}}


def _arm_row(name: str, arm: Mapping[str, Any], claim: str, command: str) -> Row:
    difference = arm.get("difference")
    ours = with_interval(arm.get("auroc_within"), empty=arm.get("lacks") or f"needs {command}")
    gain = with_interval(difference, sign="+") if difference else Cell("")
    p = p_value(difference[3]) if difference else ""
    return row(name, claim, ours, gain, p, f"{arm['done']} of {arm['cells_planned']}")


def _values(record: Record | None, arm: str) -> list[float | None] | None:
    values: list[float | None] | None = record["arms"].get(arm, {}).get("auroc_within") if record else None
    return values

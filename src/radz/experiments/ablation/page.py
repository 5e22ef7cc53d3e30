"""The page of a record: its arms, disease groups, findings and runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from radz.experiments.ablation.record import Record
from radz.experiments.ablation.remarks import remarks
from radz.report.blocks import Cell, Page, Prose, Row, Section, Table, row, table
from radz.report.format import count, counted, number, p_value, with_interval
from radz.types import RESEARCH_USE

MAIN = "AUROC within strata"
METRICS = {
    MAIN: ("auroc_within", "difference"),
    "AUROC against abnormal": ("auroc_abnormal", "difference_abnormal"),
}
"""Metric -> its fields in the record of an arm: the value, and the difference to the first arm."""


def page_of(record: Record) -> Page:
    """The whole page; every table is from the record alone."""
    arms = Section("arms", "Arms", (arms_table(record), *map(Prose, remarks(record))))
    parts = {"By disease group": groups_table(record), "By finding": findings_table(record)}
    sections = [Section(name.lower().replace(" ", "-"), name, (part,)) for name, part in parts.items() if part]
    runs = Section("runs", "Runs", (runs_table(record),))
    arm_count, seeds = counted(len(record["arms"]), "arm"), counted(len(record["seeds"]), "seed")
    size = f"{arm_count}, {counted(record['folds'], 'fold')}, {seeds}"
    subtitle = f"{record['question']} ({size})" if record["question"] else size
    return Page(record["title"], subtitle, RESEARCH_USE, (arms, *sections, runs), "Ablation")


def summary_page(record: Record) -> Page:
    """The page with its arms alone, for the console."""
    page = page_of(record)
    return Page(page.title, page.subtitle, page.notice, page.sections[:1], page.kind)


def arms_table(record: Record) -> Table:
    """Each arm's macro AUROCs within strata, their differences to the first arm, and the claim that it tests.

    Records of radz 0.1 have no AUROC against abnormal negatives; their tables have no columns for it.
    """
    arms, first = record["arms"], next(iter(record["arms"]))
    metrics = {name: keys for name, keys in METRICS.items() if name == MAIN or any(keys[0] in a for a in arms.values())}
    columns = [column for metric in metrics for column in (metric, f"minus {first}", "p")]
    rows = [_arm_row(name, arm, metrics.values()) for name, arm in arms.items()]
    return table("Means over findings", ("arm", "runs", *columns, "s.d. over seeds", "claimed, × 100"), rows)


def groups_table(record: Record) -> Table | None:
    """AUROC within strata of each disease group, one column per arm; nothing before a run is finished."""
    return _parts_table(record, "groups", "By disease group", ("group",))


def findings_table(record: Record) -> Table | None:
    """AUROC within strata of each finding, one column per arm; nothing before a run is finished."""
    return _parts_table(record, "findings", "By finding", ("finding", "positives"))


def runs_table(record: Record) -> Table:
    """Macro AUROC within strata of each run; unfinished ones are empty."""
    folds = [f"{k}/{record['folds']}" for k in range(1, record["folds"] + 1)]
    cells = [f"seed {seed}, fold {fold}" for seed in record["seeds"] for fold in folds]
    rows = [row(name, *(_number(arm["cells"].get(cell)) for cell in cells)) for name, arm in record["arms"].items()]
    return table("Runs", ("arm", *cells), rows)


def _arm_row(name: str, arm: dict[str, Any], metrics: Iterable[tuple[str, str]]) -> Row:
    cells = [cell for value, difference in metrics for cell in _metric_cells(arm, value, difference)]
    claim = "" if arm.get("claim") is None else number(arm["claim"], 1)
    return row(name, f"{arm['done']} of {arm['cells_planned']}", *cells, _seed_sd(arm), claim)


def _metric_cells(arm: dict[str, Any], value: str, difference: str) -> tuple[Cell, Cell, Cell]:
    """One metric, its difference to the first arm and the p-value; a missing value is shown once."""
    gain = arm.get(difference)
    lacks = arm.get("lacks", "") if value == METRICS[MAIN][0] else ""
    p = Cell(p_value(gain[3]) if gain else "")
    return with_interval(arm.get(value), empty=lacks), with_interval(gain, sign="+", empty=""), p


def _parts_table(record: Record, kind: str, caption: str, head: tuple[str, ...]) -> Table | None:
    arms = {name: arm[kind] for name, arm in record["arms"].items() if arm.get(kind)}
    names = sorted({part for parts in arms.values() for part in parts})
    rows = []
    for name in names:
        positives = [count(record["positives"].get(name, 0))] if "positives" in head else []
        rows.append(row(name, *positives, *(with_interval(parts.get(name), empty="") for parts in arms.values())))
    return table(caption, (*head, *arms), rows) if rows else None


def _seed_sd(arm: dict[str, Any]) -> str:
    return _number(arm.get("seed_sd")) or ("one seed" if arm["done"] else "")


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else number(value)

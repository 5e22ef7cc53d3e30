"""How much the evaluated model gains over each other one, finding by finding."""

from __future__ import annotations

import math
from collections.abc import Mapping

from radz.metrics.bootstrap import Difference
from radz.metrics.evaluation import Comparison
from radz.report.blocks import Cell, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import difference, finding_name, number, p_value
from radz.report.plots import STYLES, Whisker, forest
from radz.report.sections.findings import by_value

COLUMNS = ("finding", "gain", "p", "Holm p", "gain, abnormal", "p, abnormal", "Holm p, abnormal")
HOLM = (
    "Holm: p adjusted for the number of findings that are tested against one model. Abnormal: gain in the AUROC "
    "against abnormal."
)
LABEL = "gain in AUROC within strata"


def section(contents: Contents) -> Section | None:
    """A drawing of all gains and a table for each other model."""
    gains = {row.name: row.comparison for row in contents.rows if row.comparison and row.comparison.findings}
    if not gains:
        return None
    order = [finding.concept for finding in by_value(contents.evaluation)]
    tables = [_table(name, comparison, order) for name, comparison in gains.items()]
    return Section("gains", "Gains by finding", (_gallery(gains, order), *tables))


def _gallery(gains: Mapping[str, Comparison], order: list[str]) -> Gallery:
    """Style 1 is the evaluated model's, so the others keep theirs."""
    shown = dict(list(gains.items())[: STYLES - 1])
    styles = {name: style for style, name in enumerate(shown, start=2)}
    rows = {finding_name(concept): _whiskers(concept, shown, styles) for concept in order}
    rows["mean"] = [Whisker.of(gain.auroc_within, styles[name]) for name, gain in shown.items()]
    means = "; ".join(f"over {name} {number(gain.auroc_within.value, sign='+')}" for name, gain in shown.items())
    figure = forest(
        "Gain of each finding",
        f"Means: {means}. The tables have all values.",
        {name: whiskers for name, whiskers in rows.items() if whiskers},
        chance=0,
        label=LABEL,
        strong="mean",
    )
    caption = "Right of the dashed line the evaluated model is better. Bars: 95% intervals."
    return Gallery((figure,), caption, {f"gain over {name}": style for name, style in styles.items()}, marks=True)


def _whiskers(concept: str, shown: Mapping[str, Comparison], styles: Mapping[str, int]) -> list[Whisker]:
    """One whisker for each comparison that has a value of the finding."""
    gains = {name: gain.findings[concept] for name, gain in shown.items() if concept in gain.findings}
    return [Whisker.of(gain, styles[name]) for name, gain in gains.items() if not math.isnan(gain.value)]


def _table(name: str, comparison: Comparison, order: list[str]) -> Table:
    rows = [_row(comparison, concept) for concept in order if concept in comparison.findings]
    within, abnormal = comparison.auroc_within, comparison.auroc_abnormal
    rows.append(row("mean", *_cells(within, None), *_cells(abnormal, None), strong=True))
    return table(f"Gain over {name} in AUROC within strata", COLUMNS, rows, notes=(HOLM,))


def _row(comparison: Comparison, concept: str) -> Row:
    within = _cells(comparison.findings[concept], comparison.holm[concept])
    abnormal = _cells(comparison.findings_abnormal[concept], comparison.holm_abnormal[concept])
    return row(finding_name(concept), *within, *abnormal)


def _cells(gain: Difference, holm: float | None) -> tuple[Cell, str, str]:
    """Gain, p and, for a single finding, adjusted p."""
    return difference(gain), p_value(gain.p_value), "" if holm is None else p_value(holm)

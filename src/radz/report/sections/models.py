"""The evaluated model beside others on the same studies."""

from __future__ import annotations

import math
from collections.abc import Mapping

from radz.metrics.evaluation import Comparison
from radz.report.blocks import Block, Cell, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import difference, estimate, finding_name, number, p_value, whisker
from radz.report.plots import STYLES, forest
from radz.report.sections.findings import by_value
from radz.report.tables import ModelRow

COLUMNS = "model|AUROC within strata|AUROC pooled|average precision|gain over it|p|findings"
NOTES = (
    "Gain: AUROC within strata of the evaluated model less that of the row, paired: both on the same studies, findings "
    "and draws of patients. p: two-sided, from the same draws.",
    "A model without scores for some finding averages fewer of them; the gain is over what both score.",
)
GAIN = "gain in AUROC within strata"


def section(contents: Contents) -> Section | None:
    """Averages of each model, and the gains finding by finding."""
    if len(contents.rows) < 2:
        return None
    blocks: list[Block] = [table("Means over findings", COLUMNS, [_row(r) for r in contents.rows], notes=NOTES)]
    gains = {r.name: r.comparison for r in contents.rows if r.comparison and r.comparison.findings}
    if gains:
        order = [finding.concept for finding in by_value(contents.evaluation)]
        blocks += [_drawing(gains, order), *(_gains(name, gain, order) for name, gain in gains.items())]
    return Section("models", "Compared with", tuple(blocks))


def _row(model: ModelRow) -> Row:
    if model.evaluation is None:
        return row(Cell(model.name, model.note), *[""] * 6)
    macro, gain = model.evaluation.macro, model.comparison.auroc_within if model.comparison else None
    metrics = map(estimate, (macro.auroc_within, macro.auroc_pooled, macro.average_precision))
    last = (difference(gain), p_value(gain.p_value)) if gain else ("", "")
    return row(model.name, *metrics, *last, str(len(macro.concepts)), strong=model.comparison is None)


def _drawing(gains: Mapping[str, Comparison], order: list[str]) -> Gallery:
    """Style 1 is the evaluated model's, so the others keep theirs."""
    shown = dict(list(gains.items())[: STYLES - 1])
    styles = {name: style for style, name in enumerate(shown, start=2)}
    rows = {}
    for concept in order:
        same = {name: gain.findings[concept] for name, gain in shown.items() if concept in gain.findings}
        rows[finding_name(concept)] = [
            whisker(one, styles[name]) for name, one in same.items() if not math.isnan(one.value)
        ]
    rows["mean"] = [whisker(gain.auroc_within, styles[name]) for name, gain in shown.items()]
    means = "; ".join(f"over {name} {number(gain.auroc_within.value, sign='+')}" for name, gain in shown.items())
    kept = {name: whiskers for name, whiskers in rows.items() if whiskers}
    figure = forest(
        "Gain of each finding", f"Means: {means}. All are in the table.", kept, chance=0, label=GAIN, strong="mean"
    )
    key = {f"gain over {name}": style for name, style in styles.items()}
    return Gallery(
        (figure,), "Right of the dashed line the evaluated model is better. Bars: 95 % intervals.", key, marks=True
    )


def _gains(name: str, comparison: Comparison, order: list[str]) -> Table:
    rows = [_gain(comparison, concept) for concept in order if concept in comparison.findings]
    mean = comparison.auroc_within
    rows.append(row("mean", difference(mean), p_value(mean.p_value), "", strong=True))
    note = "Holm: p adjusted for the number of findings that are tested against one model."
    return table(f"Gain over {name} in AUROC within strata", "finding|gain|p|Holm p", rows, notes=(note,))


def _gain(comparison: Comparison, concept: str) -> Row:
    one = comparison.findings[concept]
    return row(finding_name(concept), difference(one), p_value(one.p_value), p_value(comparison.holm[concept]))

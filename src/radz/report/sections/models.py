"""The evaluated model next to others on the same studies."""

from __future__ import annotations

from collections.abc import Sequence

from radz.metrics.evaluation import Comparison
from radz.report.blocks import Cell, Row, Section, Table, row, table
from radz.report.contents import Contents, ModelRow
from radz.report.format import count, difference, estimate, p_value

MEANS = ("model", "AUROC within strata", "AUROC against abnormal", "AUROC pooled", "average precision", "findings")
GAINS = ("over", "gain", "p", "gain, abnormal", "p, abnormal")
FEWER = "A model without scores for some finding averages fewer of them; the gain is over the findings that both score."
PAIRED = (
    "Gain: AUROC within strata of the evaluated model minus that of the row, paired over the same studies, findings "
    "and draws of patients. Abnormal: the same for the AUROC against abnormal. p: two-sided, from the same draws."
)


def section(contents: Contents) -> Section | None:
    """Averages of each model, and how much the evaluated one gains over it."""
    if len(contents.rows) < 2:
        return None
    return Section("models", "Compared with", models_tables(contents.rows))


def models_tables(rows: Sequence[ModelRow]) -> tuple[Table, ...]:
    """Means of each model, then gains over each; why a model has no numbers follows the means."""
    absent = [f"{model.name}: {model.note}" for model in rows if model.evaluation is None]
    means = table("Means over findings", MEANS, map(_means, rows), notes=(FEWER, *absent))
    gains = [_gains(model.name, model.comparison) for model in rows if model.comparison]
    return (means, table("Gain over each model", GAINS, gains, notes=(PAIRED,))) if gains else (means,)


def _means(model: ModelRow) -> Row:
    if model.evaluation is None:
        return row(model.name, *[Cell("")] * (len(MEANS) - 1))
    macro = model.evaluation.macro
    metrics = (macro.auroc_within, macro.auroc_abnormal, macro.auroc_pooled, macro.average_precision)
    findings = count(len(macro.concepts))
    return row(model.name, *map(estimate, metrics), findings, strong=model.comparison is None)


def _gains(name: str, comparison: Comparison) -> Row:
    within, abnormal = comparison.auroc_within, comparison.auroc_abnormal
    cells = [cell for gain in (within, abnormal) for cell in (difference(gain), p_value(gain.p_value))]
    return row(name, *cells)

"""The evaluated model next to others on the same studies."""

from __future__ import annotations

from collections.abc import Sequence

from radz.report.blocks import Cell, Row, Section, Table, row, table
from radz.report.contents import Contents, ModelRow
from radz.report.format import count, difference, estimate, p_value

COLUMNS = ("model", "AUROC within strata", "AUROC pooled", "average precision", "gain over it", "p", "findings")
NOTES = (
    "Gain: AUROC within strata of the evaluated model minus that of the row, paired over the same studies, findings "
    "and draws of patients. p: two-sided, from the same draws.",
    "A model without scores for some finding averages fewer of them; the gain is over the findings that both score.",
)


def section(contents: Contents) -> Section | None:
    """Averages of each model, and how much the evaluated one gains over it."""
    if len(contents.rows) < 2:
        return None
    return Section("models", "Compared with", (models_table(contents.rows),))


def models_table(rows: Sequence[ModelRow]) -> Table:
    """One row per model; why a model has no numbers follows the table."""
    absent = [f"{model.name}: {model.note}" for model in rows if model.evaluation is None]
    return table("Means over findings", COLUMNS, map(_row, rows), notes=(*NOTES, *absent))


def _row(model: ModelRow) -> Row:
    if model.evaluation is None:
        return row(model.name, *[Cell("")] * 6)
    macro, gain = model.evaluation.macro, model.comparison.auroc_within if model.comparison else None
    metrics = map(estimate, (macro.auroc_within, macro.auroc_pooled, macro.average_precision))
    gained = (difference(gain), p_value(gain.p_value)) if gain else ("", "")
    return row(model.name, *metrics, *gained, count(len(macro.concepts)), strong=model.comparison is None)

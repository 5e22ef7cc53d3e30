"""ROC and precision-recall curves of each finding."""

from __future__ import annotations

from collections.abc import Sequence

from radz.metrics.curves import FALSE_POSITIVE_RATES, RECALLS, FindingCurves
from radz.report.blocks import Figure, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import count, finding_name, number
from radz.report.plots import STYLES, Line, roc_and_precision
from radz.report.sections.findings import by_value

COLUMNS = (
    "finding",
    "present",
    *(f"sensitivity at FPR {rate}" for rate in FALSE_POSITIVE_RATES),
    *(f"precision at recall {recall}" for recall in RECALLS),
)
CAPTION = (
    "Left: ROC curve within strata, whose area is the AUROC within strata. Right: precision over recall, all images "
    "pooled, whose area is the average precision. Dashed grey: chance."
)
NOTE = (
    "Read from the curves of these images, so a threshold chosen beforehand does no better. Sensitivity is within "
    "strata, precision pooled."
)


def section(contents: Contents) -> Section | None:
    """One drawing for each finding that has curves, and readings of the evaluated model."""
    models = {name: contents.curves[name] for name in contents.evaluated if name in contents.curves}
    shown = list(models.values())[:STYLES]
    first = contents.curves.get(contents.rows[0].name, {})
    concepts = [f.concept for f in by_value(contents.evaluation) if f.concept in first]
    drawn = [first[concept] for concept in concepts if first[concept].precision_recall.x]
    if not drawn:
        return None
    figures = tuple(_figure([curves[one.concept] for curves in shown if one.concept in curves]) for one in drawn)
    key = {name: style for style, name in enumerate([*models][:STYLES], start=1)}
    gallery = Gallery(figures, CAPTION, key if len(key) > 1 else {})
    return Section("curves", "Curves", (gallery, _readings(drawn)))


def _figure(models: Sequence[FindingCurves]) -> Figure:
    """Curves of one finding, one line for each model."""
    first = models[0]
    rocs = [Line(curves.roc_within.x, curves.roc_within.y, style) for style, curves in enumerate(models, start=1)]
    steps = [
        Line(curves.precision_recall.x, curves.precision_recall.y, style)
        for style, curves in enumerate(models, start=1)
    ]
    title = f"{finding_name(first.concept)}: {first.positives} present, {first.negatives} absent"
    return roc_and_precision(title, _described(first), rocs, steps, first.prevalence)


def _described(curves: FindingCurves) -> str:
    at = dict(zip(FALSE_POSITIVE_RATES, curves.sensitivities, strict=True))
    return f"Sensitivity {number(at[0.2], 2)} at a false positive rate of 0.2, {number(at[0.5], 2)} at 0.5."


def _readings(drawn: Sequence[FindingCurves]) -> Table:
    return table("The curves in numbers", COLUMNS, map(_row, drawn), notes=(NOTE,))


def _row(curves: FindingCurves) -> Row:
    values = (*curves.sensitivities, *curves.precisions)
    return row(finding_name(curves.concept), count(curves.positives), *(number(value, 2) for value in values))

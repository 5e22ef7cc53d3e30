"""ROC and precision-recall curves of each finding."""

from __future__ import annotations

from radz.metrics.curves import FALSE_POSITIVE_RATES, RECALLS, FindingCurves
from radz.report.blocks import Figure, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import finding_name, number
from radz.report.plots import STYLES, Line, roc_and_precision
from radz.report.sections.findings import by_value

CAPTION = (
    "Left: ROC curve within strata, whose area is the AUROC within strata. Right: precision over recall, all films "
    "pooled, whose area is the average precision. Dashed grey: chance."
)
NOTE = (
    "Read off the curves of these films, so a threshold that was chosen beforehand does no better. Sensitivity is "
    "within strata, precision pooled."
)


def section(contents: Contents) -> Section | None:
    """One drawing for each finding that has curves, and readings of the evaluated model."""
    models = {name: contents.curves[name] for name in contents.evaluated if name in contents.curves}
    shown = dict(list(models.items())[:STYLES])
    first = contents.curves[contents.rows[0].name]
    drawn = [first[f.concept] for f in by_value(contents.evaluation) if first[f.concept].precision_recall.x]
    if not drawn:
        return None
    figures = tuple(
        _figure([curves[one.concept] for curves in shown.values() if one.concept in curves]) for one in drawn
    )
    key = {name: style for style, name in enumerate(shown, start=1)}
    return Section("curves", "Curves", (Gallery(figures, CAPTION, key if len(key) > 1 else {}), _readings(drawn)))


def _figure(same: list[FindingCurves]) -> Figure:
    one = same[0]
    rocs = [Line(c.roc_within.x, c.roc_within.y, i) for i, c in enumerate(same, start=1)]
    steps = [Line(c.precision_recall.x, c.precision_recall.y, i) for i, c in enumerate(same, start=1)]
    title = f"{finding_name(one.concept)}: {one.positives} present, {one.negatives} absent"
    return roc_and_precision(title, _described(one), rocs, steps, one.prevalence)


def _described(one: FindingCurves) -> str:
    at = dict(zip(FALSE_POSITIVE_RATES, one.sensitivities, strict=True))
    return f"Sensitivity {number(at[0.2], 2)} at a false positive rate of 0.2, {number(at[0.5], 2)} at 0.5."


def _readings(drawn: list[FindingCurves]) -> Table:
    names = [f"sensitivity at FPR {rate}" for rate in FALSE_POSITIVE_RATES]
    names += [f"precision at recall {recall}" for recall in RECALLS]
    return table(
        "The curves in numbers", "|".join(("finding", "present", *names)), list(map(_row, drawn)), notes=(NOTE,)
    )


def _row(one: FindingCurves) -> Row:
    values = (*one.sensitivities, *one.precisions)
    return row(finding_name(one.concept), str(one.positives), *(number(value, 2) for value in values))

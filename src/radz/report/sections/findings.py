"""Each finding: counts, metrics with intervals, and what the model had seen of it."""

from __future__ import annotations

import math

from radz.metrics.evaluation import Evaluation, FindingEvaluation
from radz.report.blocks import Cell, Figure, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import between, counted, estimate, finding_name, number, whisker
from radz.report.plots import STYLES, forest
from radz.report.tables import exposure_of

COLUMNS = "finding|AUROC within strata|AUROC pooled|average precision|present|absent|comparable|exposure"
LABEL = "AUROC within strata"


def section(contents: Contents) -> Section:
    """A drawing of all models and a table of the evaluated one."""
    return Section("findings", "Findings", (_gallery(contents), _table(contents.evaluation)))


def _gallery(contents: Contents) -> Gallery:
    shown = dict(list(contents.evaluated.items())[:STYLES])
    key = {name: style for style, name in enumerate(shown, start=1)}
    caption = f"{LABEL}, with 95 % intervals. The dashed line is chance."
    return Gallery((_forest(shown),), caption, key if len(key) > 1 else {}, marks=True)


def _forest(shown: dict[str, Evaluation]) -> Figure:
    first = next(iter(shown.values()))
    macro = f"mean of {len(first.macro.concepts)}"
    rows = {}
    for finding in by_value(first):
        same = [_of(evaluation, finding.concept) for evaluation in shown.values()]
        rows[_starred(finding)] = [
            whisker(one.auroc_within, style)
            for style, one in enumerate(same, start=1)
            if one and not math.isnan(one.auroc_within.value)
        ]
    rows[macro] = [whisker(e.macro.auroc_within, style) for style, e in enumerate(shown.values(), start=1)]
    return forest(
        f"{LABEL} of each finding",
        _described(first),
        {name: whiskers for name, whiskers in rows.items() if whiskers},
        chance=0.5,
        label=LABEL,
        strong=macro,
    )


def _described(evaluation: Evaluation) -> str:
    """The drawing in words: from best to worst, and the mean."""
    defined = [f for f in by_value(evaluation) if not math.isnan(f.auroc_within.value)]
    ends = [f"{finding_name(f.concept)} {number(f.auroc_within.value)}" for f in (*defined[:1], *defined[-1:])]
    mean = evaluation.macro.auroc_within
    return (
        f"From {' to '.join(ends)}; mean {number(mean.value)}, 95 % {between(mean.interval)}. Values are in the table."
    )


def _table(evaluation: Evaluation) -> Table:
    rows = [_row(evaluation, finding) for finding in by_value(evaluation)]
    macro = evaluation.macro
    mean = (estimate(macro.auroc_within), estimate(macro.auroc_pooled), estimate(macro.average_precision))
    rows.append(row(f"mean of {len(macro.concepts)}", *mean, "", "", "", "", strong=True))
    return table("Findings, best first", COLUMNS, rows, words="exposure", notes=_notes(evaluation))


def _row(evaluation: Evaluation, finding: FindingEvaluation) -> Row:
    counts = map(str, (finding.positives, finding.negatives, finding.comparable))
    metrics = (finding.auroc_within, finding.auroc_pooled, finding.average_precision)
    name, mark = Cell(_starred(finding)), exposure_of(evaluation, finding.concept)
    return row(name, *map(estimate, metrics), *counts, mark)


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
    notes = [
        "Counts are of studies. Comparable: studies that show the finding and have one without it in their stratum.",
        f"Intervals: 95 %, percentiles of {counted(evaluation.draws, 'draw')} of patients.",
        "Average precision is pooled; chance gives the share of films that show the finding.",
    ]
    notes += [f"* {finding_name(c)} is left out of the mean: {why}." for c, why in evaluation.left_out.items()]
    notes += [
        f"{finding_name(f.concept)}: {counted(f.unscored, 'labelled study', 'labelled studies')} without a score."
        for f in evaluation.findings
        if f.unscored
    ]
    return tuple(notes)


def by_value(evaluation: Evaluation) -> list[FindingEvaluation]:
    """Findings by the main number, best first; those outside the mean last."""

    def place(finding: FindingEvaluation) -> tuple[bool, float]:
        value = finding.auroc_within.value
        return bool(finding.left_out), math.inf if math.isnan(value) else -value

    return sorted(evaluation.findings, key=place)


def _of(evaluation: Evaluation, concept: str) -> FindingEvaluation | None:
    return next((finding for finding in evaluation.findings if finding.concept == concept), None)


def _starred(finding: FindingEvaluation) -> str:
    return finding_name(finding.concept) + ("*" if finding.left_out else "")

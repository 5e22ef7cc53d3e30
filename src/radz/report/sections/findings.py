"""Each finding: counts, metrics with intervals, and what the model had seen of it."""

from __future__ import annotations

import math

from radz.metrics.evaluation import Evaluation, FindingEvaluation
from radz.report.blocks import Figure, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.exposure import exposure_of
from radz.report.format import bounds, count, counted, estimate, finding_name, number
from radz.report.plots import STYLES, Whisker, forest

COLUMNS = (
    "finding",
    "AUROC within strata",
    "AUROC against abnormal",
    "present",
    "absent (abnormal)",
    "comparable (abnormal)",
    "exposure",
)
POOLED = ("finding", "AUROC pooled", "average precision")
LABEL = "AUROC within strata"


def section(contents: Contents) -> Section:
    """A drawing of all models and two tables of the evaluated one."""
    evaluation = contents.evaluation
    return Section("findings", "Findings", (_gallery(contents), _table(evaluation), _pooled_table(evaluation)))


def by_value(evaluation: Evaluation) -> list[FindingEvaluation]:
    """Findings by the main number, best first; those outside the mean last."""

    def order(finding: FindingEvaluation) -> tuple[bool, float]:
        value = finding.auroc_within.value
        return bool(finding.left_out), math.inf if math.isnan(value) else -value

    return sorted(evaluation.findings, key=order)


def _gallery(contents: Contents) -> Gallery:
    shown = dict(list(contents.evaluated.items())[:STYLES])
    key = {name: style for style, name in enumerate(shown, start=1)}
    caption = f"{LABEL}, with 95% intervals. The dashed line is chance."
    return Gallery((_forest(shown),), caption, key if len(key) > 1 else {}, marks=True)


def _forest(shown: dict[str, Evaluation]) -> Figure:
    first = next(iter(shown.values()))
    macro = f"mean of {len(first.macro.concepts)}"
    rows = {_starred(finding): _whiskers(finding, shown) for finding in by_value(first)}
    rows[macro] = [Whisker.of(e.macro.auroc_within, style) for style, e in enumerate(shown.values(), start=1)]
    return forest(
        f"{LABEL} of each finding",
        _described(first),
        {name: whiskers for name, whiskers in rows.items() if whiskers},
        chance=0.5,
        label=LABEL,
        strong=macro,
    )


def _whiskers(finding: FindingEvaluation, shown: dict[str, Evaluation]) -> list[Whisker]:
    """One whisker for each model that has a value of the finding."""
    evaluations = [_of(evaluation, finding.concept) for evaluation in shown.values()]
    return [
        Whisker.of(evaluation.auroc_within, style)
        for style, evaluation in enumerate(evaluations, start=1)
        if evaluation and not math.isnan(evaluation.auroc_within.value)
    ]


def _described(evaluation: Evaluation) -> str:
    """The drawing in words: from best to worst, and the mean."""
    defined = [f for f in by_value(evaluation) if not math.isnan(f.auroc_within.value)]
    ends = [f"{finding_name(f.concept)} {number(f.auroc_within.value)}" for f in (*defined[:1], *defined[-1:])]
    mean = evaluation.macro.auroc_within
    return f"From {' to '.join(ends)}; mean {number(mean.value)}, 95% {bounds(mean.interval)}. Values are in the table."


def _table(evaluation: Evaluation) -> Table:
    macro = evaluation.macro
    rows = [_row(evaluation, finding) for finding in by_value(evaluation)]
    mean = (estimate(macro.auroc_within), estimate(macro.auroc_abnormal))
    rows.append(row(f"mean of {len(macro.concepts)}", *mean, "", "", "", "", strong=True))
    return table("Findings, best first", COLUMNS, rows, words={"exposure"}, notes=_notes(evaluation))


def _row(evaluation: Evaluation, finding: FindingEvaluation) -> Row:
    metrics = (estimate(finding.auroc_within), estimate(finding.auroc_abnormal))
    absent = f"{count(finding.negatives)} ({count(finding.negatives_abnormal)})"
    comparable = f"{count(finding.comparable)} ({count(finding.comparable_abnormal)})"
    counts = (count(finding.positives), absent, comparable)
    return row(_starred(finding), *metrics, *counts, exposure_of(evaluation, finding.concept))


def _pooled_table(evaluation: Evaluation) -> Table:
    macro = evaluation.macro
    rows = [
        row(_starred(finding), estimate(finding.auroc_pooled), estimate(finding.average_precision))
        for finding in by_value(evaluation)
    ]
    mean = (estimate(macro.auroc_pooled), estimate(macro.average_precision))
    rows.append(row(f"mean of {len(macro.concepts)}", *mean, strong=True))
    note = "At chance, average precision is the share of images that show the finding."
    return table("All images pooled", POOLED, rows, notes=(note,))


def _notes(evaluation: Evaluation) -> list[str]:
    notes = [
        "Counts are of studies. Comparable: studies with the finding whose stratum also has a study without it. In "
        "brackets: of those without the finding only the abnormal ones, which show another finding.",
        *_abnormal_mean(evaluation),
        f"Intervals: 95%, percentiles of {counted(evaluation.draws, 'draw')} of patients, seed {evaluation.seed}; "
        f"undefined draws, dropped: {undefined_draws(evaluation)}. Uncertain labels: {evaluation.uncertain}. "
        f"Protocol {evaluation.protocol_hash}.",
    ]
    notes += [f"* {finding_name(c)} is left out of the mean: {why}." for c, why in evaluation.left_out.items()]
    notes += [
        f"{finding_name(f.concept)}: {counted(f.unscored, 'labelled study', 'labelled studies')} without a score."
        for f in evaluation.findings
        if f.unscored
    ]
    return notes


def _abnormal_mean(evaluation: Evaluation) -> list[str]:
    """Which findings the mean against abnormal studies lacks, where it lacks any."""
    macro = evaluation.macro
    missing = [finding_name(concept) for concept in macro.concepts if concept not in macro.concepts_abnormal]
    if not missing:
        return []
    return [
        f"The mean against abnormal is over {counted(len(macro.concepts_abnormal), 'finding')}: too few studies with "
        f"{', '.join(missing)} are comparable with abnormal ones."
    ]


def undefined_draws(evaluation: Evaluation) -> str:
    """Bootstrap draws that were dropped, by finding; ``none`` where all were defined."""
    dropped = {finding.concept: finding.auroc_within.interval.dropped for finding in evaluation.findings}
    dropped["mean"] = evaluation.macro.auroc_within.interval.dropped
    return ", ".join(f"{finding_name(name)} {draws}" for name, draws in dropped.items() if draws) or "none"


def _of(evaluation: Evaluation, concept: str) -> FindingEvaluation | None:
    return next((finding for finding in evaluation.findings if finding.concept == concept), None)


def _starred(finding: FindingEvaluation) -> str:
    return finding_name(finding.concept) + ("*" if finding.left_out else "")

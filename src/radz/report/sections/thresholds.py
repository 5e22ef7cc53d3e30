"""Results at thresholds: those from validation images and, marked, those chosen on these very images."""

from __future__ import annotations

from radz.metrics.evaluation import Evaluation, OperatingPoint
from radz.metrics.operating_points import RATES
from radz.report.blocks import Block, Callout, Prose, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import estimate, finding_name, number
from radz.report.sections.findings import by_value

NAMES = {"f1": "F1", "mcc": "MCC"}
COLUMNS = tuple(NAMES.get(rate, rate) for rate in RATES)
ORACLE = (
    "Rows named oracle take the threshold that does best on these very images, as much of the literature reports it. "
    "They are shown for comparison with it and are not a result."
)


def section(contents: Contents) -> Section | None:
    """Averages at both kinds of threshold, and each finding at its validation threshold, where there is one."""
    evaluation = contents.evaluation
    if not any(finding.operating for finding in evaluation.findings):
        return None
    blocks: list[Block] = [Prose(f"Thresholds: {evaluation.thresholds}.")] if evaluation.thresholds else []
    if evaluation.macro.operating:
        blocks.append(_means(evaluation))
    if _points(evaluation, "oracle"):
        blocks.append(Callout("Oracle", ORACLE))
    if points := _points(evaluation, "validation"):
        blocks.append(_findings(points))
    return Section("thresholds", "At thresholds", tuple(blocks))


def _points(evaluation: Evaluation, source: str) -> dict[str, OperatingPoint]:
    """Finding -> its point, in the order of the page."""
    return {f.concept: p for f in by_value(evaluation) for p in f.operating if p.source == source}


def _means(evaluation: Evaluation) -> Table:
    rows = [_row(f"{p.source}, mean of {len(p.concepts)}", p) for p in evaluation.macro.operating]
    return table("Means over findings", ("threshold from", *COLUMNS), rows)


def _findings(points: dict[str, OperatingPoint]) -> Table:
    rows = [_row(finding_name(c), point, number(point.threshold, 4)) for c, point in points.items()]
    return table("Findings at thresholds from validation images", ("finding", "threshold", *COLUMNS), rows)


def _row(name: str, point: OperatingPoint, *threshold: str) -> Row:
    return row(name, *threshold, *(estimate(getattr(point, rate)) for rate in RATES))

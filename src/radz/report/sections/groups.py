"""Averages by disease group."""

from __future__ import annotations

import math

from radz.eval.results import GroupEvaluation
from radz.report.blocks import Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.plots import forest
from radz.report.wording import between, estimate, finding_name, number, whisker

LABEL = "mean AUROC within strata"


def section(contents: Contents) -> Section | None:
    """A drawing and a table of the groups."""
    groups = contents.evaluation.groups
    if not groups:
        return None
    defined = [group for group in groups if not math.isnan(group.auroc_within.value)]
    drawings = (_gallery(defined),) if defined else ()
    return Section("groups", "Groups", (*drawings, _table(groups)))


def _gallery(groups: list[GroupEvaluation]) -> Gallery:
    words = "; ".join(
        f"{g.group} {number(g.auroc_within.value)}, 95 % {between(g.auroc_within.interval)}" for g in groups
    )
    rows = {group.group: [whisker(group.auroc_within)] for group in groups}
    return Gallery(
        (forest("Disease groups", words + ".", rows, chance=0.5, label=LABEL),), "The dashed line is chance."
    )


def _table(groups: tuple[GroupEvaluation, ...]) -> Table:
    notes = ("A small group has a wide interval; do not read its number alone.",)
    columns = "group|mean of|studies that show any|AUROC within strata|findings"
    return table("Disease groups", columns, [_row(group) for group in groups], words="findings", notes=notes)


def _row(group: GroupEvaluation) -> Row:
    names = ", ".join(map(finding_name, group.concepts))
    averaged = f"{len(group.concepts)} of {group.findings}"
    return row(group.group, averaged, str(group.positives), estimate(group.auroc_within), names)

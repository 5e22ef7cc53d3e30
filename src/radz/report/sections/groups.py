"""Averages by disease group, and of groups of studies."""

from __future__ import annotations

import math

from radz.metrics.evaluation import Evaluation, GroupEvaluation, StudyGroupEvaluation
from radz.report.blocks import Block, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import between, estimate, finding_name, number, whisker
from radz.report.plots import Whisker, forest

LABEL = "mean AUROC within strata"
SMALL = "A small group has a wide interval; do not read its number alone."
EVERYONE = (
    "A group averages the findings that have enough comparable positives in it; everyone: the same findings over all "
    "studies. So a group is not compared by its mix of findings."
)


def section(contents: Contents) -> Section | None:
    """A drawing and a table of each kind of group."""
    evaluation = contents.evaluation
    blocks = (*_diseases(evaluation), *_studies(evaluation))
    return Section("groups", "Groups", blocks) if blocks else None


def _diseases(evaluation: Evaluation) -> list[Block]:
    defined = [group for group in evaluation.groups if not math.isnan(group.auroc_within.value)]
    drawn: list[Block] = [_disease_drawing(defined)] if defined else []
    return [*drawn, _disease_table(evaluation.groups)] if evaluation.groups else []


def _disease_drawing(groups: list[GroupEvaluation]) -> Gallery:
    words = "; ".join(
        f"{g.group} {number(g.auroc_within.value)}, 95 % {between(g.auroc_within.interval)}" for g in groups
    )
    rows = {group.group: [whisker(group.auroc_within)] for group in groups}
    drawing = forest("Disease groups", words + ".", rows, chance=0.5, label=LABEL)
    return Gallery((drawing,), "The dashed line is chance.")


def _disease_table(groups: tuple[GroupEvaluation, ...]) -> Table:
    columns = "group|AUROC within strata|mean of|studies that show any|findings"
    return table("Disease groups", columns, list(map(_disease, groups)), words="findings", notes=(SMALL,))


def _disease(group: GroupEvaluation) -> Row:
    names = ", ".join(map(finding_name, group.concepts))
    averaged = f"{len(group.concepts)} of {group.findings}"
    return row(group.group, estimate(group.auroc_within), averaged, str(group.positives), names)


def _studies(evaluation: Evaluation) -> list[Block]:
    groups = evaluation.study_groups
    defined = [group for group in groups if not math.isnan(group.auroc_within.value)]
    drawn: list[Block] = [_study_drawing(defined)] if defined else []
    return [*drawn, _study_table(groups)] if groups else []


def _study_drawing(groups: list[StudyGroupEvaluation]) -> Gallery:
    rows = {}
    for group in groups:
        mean = group.everyone
        everyone = [] if math.isnan(mean) else [Whisker(mean, mean, mean, style=2)]
        rows[_name(group)] = [whisker(group.auroc_within), *everyone]
    words = "; ".join(f"{_name(g)} {number(g.auroc_within.value)}" for g in groups)
    drawing = forest("Groups of studies", words + ".", rows, chance=0.5, label=LABEL)
    caption = "Bars: 95 % intervals. The dashed line is chance."
    return Gallery((drawing,), caption, {"studies of the group": 1, "everyone, same findings": 2}, marks=True)


def _study_table(groups: tuple[StudyGroupEvaluation, ...]) -> Table:
    columns = "group|AUROC within strata|everyone|AUROC pooled|studies|patients|studies that show any|findings"
    return table("Groups of studies", columns, list(map(_study, groups)), notes=(EVERYONE, SMALL))


def _study(group: StudyGroupEvaluation) -> Row:
    counts = (group.studies, group.patients, group.positives, len(group.concepts))
    metrics = (estimate(group.auroc_within), number(group.everyone), estimate(group.auroc_pooled))
    return row(_name(group), *metrics, *map(str, counts))


def _name(group: StudyGroupEvaluation) -> str:
    return f"{group.kind} {group.group}"

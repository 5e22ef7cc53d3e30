"""Averages by disease group, and by group of studies."""

from __future__ import annotations

import math
from collections.abc import Sequence

from radz.metrics.evaluation import Evaluation, GroupEvaluation, StudyGroupEvaluation
from radz.report.blocks import Block, Gallery, Row, Section, Table, row, table
from radz.report.contents import Contents
from radz.report.format import bounds, count, estimate, finding_name, number
from radz.report.plots import Whisker, forest

LABEL = "mean AUROC within strata"
DISEASES = ("group", "AUROC within strata", "AUROC against abnormal", "mean of", "studies that show any", "findings")
STUDIES = (
    "group",
    "AUROC within strata",
    "everyone",
    "AUROC against abnormal",
    "studies",
    "patients",
    "studies that show any",
    "findings",
)
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
    drawing: list[Block] = [_disease_drawing(defined)] if defined else []
    return [*drawing, _disease_table(evaluation.groups)] if evaluation.groups else []


def _disease_drawing(groups: Sequence[GroupEvaluation]) -> Gallery:
    words = "; ".join(
        f"{group.group} {number(group.auroc_within.value)}, 95% {bounds(group.auroc_within.interval)}"
        for group in groups
    )
    rows = {group.group: [Whisker.of(group.auroc_within)] for group in groups}
    drawing = forest("Disease groups", f"{words}.", rows, chance=0.5, label=LABEL)
    return Gallery((drawing,), "The dashed line is chance.")


def _disease_table(groups: Sequence[GroupEvaluation]) -> Table:
    return table("Disease groups", DISEASES, map(_disease_row, groups), words={"findings"}, notes=(SMALL,))


def _disease_row(group: GroupEvaluation) -> Row:
    names = ", ".join(map(finding_name, group.concepts))
    averaged = f"{len(group.concepts)} of {group.findings}"
    metrics = (estimate(group.auroc_within), estimate(group.auroc_abnormal))
    return row(group.group, *metrics, averaged, count(group.positives), names)


def _studies(evaluation: Evaluation) -> list[Block]:
    groups = evaluation.study_groups
    defined = [group for group in groups if not math.isnan(group.auroc_within.value)]
    drawing: list[Block] = [_study_drawing(defined)] if defined else []
    return [*drawing, _study_table(groups)] if groups else []


def _study_drawing(groups: Sequence[StudyGroupEvaluation]) -> Gallery:
    rows = {_name(group): [Whisker.of(group.auroc_within), *_everyone(group)] for group in groups}
    words = "; ".join(f"{_name(group)} {number(group.auroc_within.value)}" for group in groups)
    drawing = forest("Groups of studies", f"{words}.", rows, chance=0.5, label=LABEL)
    key = {"studies of the group": 1, "everyone, same findings": 2}
    return Gallery((drawing,), "Bars: 95% intervals. The dashed line is chance.", key, marks=True)


def _everyone(group: StudyGroupEvaluation) -> list[Whisker]:
    mean = group.everyone
    return [] if math.isnan(mean) else [Whisker(mean, mean, mean, style=2)]


def _study_table(groups: Sequence[StudyGroupEvaluation]) -> Table:
    return table("Groups of studies", STUDIES, map(_study_row, groups), notes=(EVERYONE, SMALL))


def _study_row(group: StudyGroupEvaluation) -> Row:
    counts = (group.studies, group.patients, group.positives, len(group.concepts))
    metrics = (estimate(group.auroc_within), number(group.everyone), estimate(group.auroc_abnormal))
    return row(_name(group), *metrics, *map(count, counts))


def _name(group: StudyGroupEvaluation) -> str:
    return f"{group.kind} {group.group}"

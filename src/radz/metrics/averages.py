"""Means over findings: the macro average, and the average of each disease group."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from radz.metrics.bootstrap import Statistic
from radz.metrics.evaluation import GroupEvaluation, MacroEvaluation, ThresholdSource
from radz.metrics.finding_evaluation import SummaryOptions, ThresholdsBySource
from radz.metrics.finding_ranks import (
    METRICS,
    FindingRanks,
    any_positive,
    estimates,
    included,
    included_abnormal,
    macro,
    stacked,
)
from radz.metrics.operating_points import mean_rates, operating_points, rates_at
from radz.metrics.score_matrix import ScoreMatrix


def evaluate_macro(
    matrix: ScoreMatrix, findings: Sequence[FindingRanks], thresholds: ThresholdsBySource, options: SummaryOptions
) -> MacroEvaluation:
    """Mean over ``findings``. A source without a threshold for some of them averages the others and lists them."""
    parts: list[Statistic] = [macro(findings, options.min_positives)]
    points: list[tuple[ThresholdSource, float, tuple[str, ...]]] = []
    for source, values in thresholds.items():
        names = tuple(finding.concept for finding in findings if finding.concept in values)
        columns = [(matrix.concepts.index(name), values[name]) for name in names]
        if names:
            parts.append(mean_rates([rates_at(matrix.scores[:, j], matrix.labels[:, j], cut) for j, cut in columns]))
            points.append((source, math.nan, names))
    positive = any_positive(len(matrix.studies), findings)
    metrics = estimates(stacked(parts), matrix.patients, positive, options.draws, options.seed)
    return MacroEvaluation(
        concepts=tuple(finding.concept for finding in findings),
        concepts_abnormal=tuple(f.concept for f in included_abnormal(findings, options.min_positives)),
        **dict(zip(METRICS, metrics[: len(METRICS)], strict=True)),
        operating=operating_points(points, metrics[len(METRICS) :]),
    )


def evaluate_groups(
    matrix: ScoreMatrix, ranks: Sequence[FindingRanks], groups: Mapping[str, str], options: SummaryOptions
) -> tuple[GroupEvaluation, ...]:
    """Disease groups by name, those with a scored finding. groups: concept -> disease group."""
    members: dict[str, list[FindingRanks]] = {}
    for finding in ranks:
        if finding.concept in groups:
            members.setdefault(groups[finding.concept], []).append(finding)
    return tuple(_evaluate_group(matrix, group, members[group], options) for group in sorted(members))


def _evaluate_group(
    matrix: ScoreMatrix, group: str, findings: Sequence[FindingRanks], options: SummaryOptions
) -> GroupEvaluation:
    averaged = included(findings, options.min_positives)
    positive = any_positive(len(matrix.studies), averaged)
    within, abnormal, *_ = estimates(
        macro(averaged, options.min_positives), matrix.patients, positive, options.draws, options.seed_of(group)
    )
    names = tuple(finding.concept for finding in averaged)
    return GroupEvaluation(group, len(findings), names, int(positive.sum()), within, abnormal)

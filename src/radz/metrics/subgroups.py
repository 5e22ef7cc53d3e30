"""The macro average for groups of studies: by view, sex, age band and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radz.metrics.evaluation import StudyGroupEvaluation
from radz.metrics.finding_evaluation import SummaryOptions
from radz.metrics.finding_ranks import METRICS, FindingRanks, any_positive, estimates, included, macro, rank_all
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import ScoreMatrix
from radz.types import parse_age

MIN_GROUP_POSITIVES = 5
"""Comparable positives that a finding of the macro average needs within a group."""
AGE_BANDS = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65 and above"))
UNKNOWN = "not stated"
KINDS = ("source", "view", "sex", "age band")


def evaluate_study_groups(
    matrix: ScoreMatrix, ranks: Sequence[FindingRanks], options: SummaryOptions
) -> tuple[StudyGroupEvaluation, ...]:
    """Groups of each kind that the corpus distinguishes, sorted by name, "not stated" last.

    ranks: the findings of the matrix. A kind with a single value is left out: it would repeat the whole.
    """
    averaged = {finding.concept: finding for finding in included(ranks, options.min_positives)}
    groups = []
    for kind in KINDS:
        names = group_names(matrix, kind)
        values = sorted(set(names.tolist()), key=lambda name: (name == UNKNOWN, name))
        for name in values if len(values) > 1 else ():
            part = _restricted(matrix, names == name)
            groups.append(_evaluate(part, kind, name, averaged=averaged, studies=len(matrix.studies), options=options))
    return tuple(groups)


def group_names(matrix: ScoreMatrix, kind: str) -> NDArray[np.str_]:
    """The group of each study, (N,) str."""
    empty = np.full(len(matrix.studies), "")
    if kind == "age band":
        return np.array([age_band(age) for age in matrix.metadata.get("age", empty).tolist()])
    values = matrix.metadata.get(kind, empty)
    return np.where(values == "", UNKNOWN, values)


def age_band(age: str) -> str:
    """``"57"`` -> ``"40-64"``; anything but a plausible number of years is "not stated"."""
    years = parse_age(age)
    return UNKNOWN if years is None else next(name for start, name in reversed(AGE_BANDS) if years >= start)


def _evaluate(
    part: ScoreMatrix,
    kind: str,
    name: str,
    *,
    averaged: Mapping[str, FindingRanks],
    studies: int,
    options: SummaryOptions,
) -> StudyGroupEvaluation:
    """The group of studies in ``part``. averaged: concept -> its ranks over all ``studies`` studies."""
    findings = [f for f in included(rank_all(part), MIN_GROUP_POSITIVES) if f.concept in averaged]
    positive = any_positive(len(part.studies), findings)
    seed = options.seed_of(f"{kind}/{name}")
    metrics = estimates(macro(findings, MIN_GROUP_POSITIVES), part.patients, positive, options.draws, seed)
    values = dict(zip(METRICS, metrics, strict=True))
    return StudyGroupEvaluation(
        kind=kind,
        group=name,
        studies=len(part.studies),
        patients=len(np.unique(part.patients)),
        positives=int(positive.sum()),
        concepts=tuple(finding.concept for finding in findings),
        auroc_within=values["auroc_within"],
        auroc_abnormal=values["auroc_abnormal"],
        auroc_pooled=values["auroc_pooled"],
        everyone=_mean_within((averaged[finding.concept] for finding in findings), studies),
    )


def _mean_within(findings: Iterable[FindingRanks], studies: int) -> float:
    """Mean AUROC within strata over findings of ``studies`` studies; NaN for none."""
    ones: Floats = np.ones((studies, 1))
    values = [float(finding.within.auroc(ones)[0]) for finding in findings]
    return float(np.mean(values)) if values else float("nan")


def _restricted(matrix: ScoreMatrix, chosen: NDArray[np.bool_]) -> ScoreMatrix:
    """The matrix of the studies that are ``chosen``, (N,) bool."""
    return replace(
        matrix,
        studies=matrix.studies[chosen],
        patients=matrix.patients[chosen],
        strata=matrix.strata[chosen],
        scores=matrix.scores[chosen],
        labels=matrix.labels[chosen],
        abnormal=matrix.abnormal[chosen],
        metadata={key: values[chosen] for key, values in matrix.metadata.items()},
        uncertain=matrix.uncertain[chosen] if matrix.uncertain is not None else None,
    )

"""The same evaluation for groups of studies: by view, sex, age band and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from radz.metrics.evaluation import StudyGroupEvaluation
from radz.metrics.finding_ranks import METRICS, FindingRanks, any_positive, estimates, included, macro, rank_all
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoreMatrix

MIN_GROUP_POSITIVES = 5
"""Comparable positives that a finding of the macro average needs in a group to count there."""
AGE_BANDS = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65 and above"))
UNKNOWN = "not stated"
KINDS = ("source", "view", "sex", "age band")


def evaluate_study_groups(
    matrix: ScoreMatrix, ranks: Sequence[FindingRanks], *, min_positives: int, draws: int, seed: int
) -> tuple[StudyGroupEvaluation, ...]:
    """Groups of each kind that the corpus tells apart, those with values first, "not stated" last.

    ranks: the matrix's findings. A kind with one value alone is left out: it would repeat the whole.
    """
    averaged = {finding.concept: finding for finding in included(ranks, min_positives)}
    made = []
    for kind in KINDS:
        names = group_names(matrix, kind)
        values = sorted(set(names.tolist()), key=lambda name: (name == UNKNOWN, name))
        for name in values if len(values) > 1 else ():
            part = _restricted(matrix, names == name)
            own_seed = (seed, crc32(f"{kind}/{name}".encode()))
            made.append(_evaluate(part, (kind, name), averaged, len(matrix.studies), (draws, own_seed)))
    return tuple(made)


def group_names(matrix: ScoreMatrix, kind: str) -> NDArray[np.str_]:
    """The group of each study, (N,)."""
    empty = np.full(len(matrix.studies), "")
    if kind == "age band":
        return np.array([age_band(age) for age in matrix.metadata.get("age", empty).tolist()])
    values = matrix.metadata.get(kind, empty)
    return np.where(values == "", UNKNOWN, values)


def age_band(age: str) -> str:
    """``"57"`` -> ``"40-64"``; what is no number of years is not stated."""
    try:
        years = float(age)
    except ValueError:
        return UNKNOWN
    return next((name for start, name in reversed(AGE_BANDS) if years >= start), UNKNOWN)


def _evaluate(
    part: ScoreMatrix,
    name: tuple[str, str],
    averaged: dict[str, FindingRanks],
    studies: int,
    draw: tuple[int, tuple[int, int]],
) -> StudyGroupEvaluation:
    own = [f for f in included(rank_all(part), MIN_GROUP_POSITIVES) if f.concept in averaged]
    positive = any_positive(len(part.studies), own)
    values = dict(zip(METRICS, estimates(macro(own), part.patients, positive, *draw), strict=True))
    return StudyGroupEvaluation(
        *name,
        studies=len(part.studies),
        patients=len(np.unique(part.patients)),
        positives=int(positive.sum()),
        concepts=tuple(finding.concept for finding in own),
        auroc_within=values["auroc_within"],
        auroc_pooled=values["auroc_pooled"],
        everyone=_mean_within((averaged[finding.concept] for finding in own), studies),
    )


def _mean_within(findings: Iterable[FindingRanks], studies: int) -> float:
    ones: Floats = np.ones((studies, 1))
    values = [float(finding.within.auroc(ones)[0]) for finding in findings]
    return float(np.mean(values)) if values else float("nan")


def _restricted(matrix: ScoreMatrix, chosen: NDArray[np.bool_]) -> ScoreMatrix:
    """The chosen studies (N,) of a matrix."""
    return replace(
        matrix,
        studies=matrix.studies[chosen],
        patients=matrix.patients[chosen],
        strata=matrix.strata[chosen],
        scores=matrix.scores[chosen],
        labels=matrix.labels[chosen],
        metadata={key: values[chosen] for key, values in matrix.metadata.items()},
        uncertain=matrix.uncertain[chosen] if matrix.uncertain is not None else None,
    )

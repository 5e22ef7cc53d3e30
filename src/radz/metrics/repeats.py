"""Several trainings of one method: folds are merged, seeds averaged, patient and seed variance reported separately.

Each fold is scored by a model that was not trained on it. Scores of two models have no common scale, so pairs are
compared within a fold (and within source and view, as everywhere). The interval is over patients, for the seeds that
were run; the standard deviation over seeds is reported separately and is not part of the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.metrics.bootstrap import Difference, Statistic, paired_differences
from radz.metrics.evaluation import Estimate
from radz.metrics.finding_ranks import (
    ABNORMAL,
    METRICS,
    WITHIN,
    any_positive,
    estimates,
    included,
    included_abnormal,
    macro_and_findings,
    rank_all,
)
from radz.metrics.protocol import DRAWS, MIN_POSITIVES
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import as_matrix, without_normal
from radz.metrics.scores_file import ScoresTable


@dataclass(frozen=True, slots=True)
class RepeatedMetric:
    """One AUROC of one method over seeds.

    macro: mean over findings and seeds. seeds: the macro of each seed. seed_sd: their standard deviation, NaN for one
    seed. findings: concept -> value. groups: disease group -> mean over its findings.
    """

    macro: Estimate
    seeds: tuple[float, ...]
    seed_sd: float
    findings: Mapping[str, Estimate]
    groups: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Repeats:
    """One method over seeds. within: W, AUROC within strata. abnormal: A, the same against abnormal negatives.

    concepts: findings of the macro W. concepts_abnormal: those of the macro A.
    """

    within: RepeatedMetric
    abnormal: RepeatedMetric
    concepts: tuple[str, ...]
    concepts_abnormal: tuple[str, ...]
    studies: int
    patients: int


@dataclass(frozen=True, slots=True)
class RepeatedDifference:
    """One macro AUROC, first method minus second, on identical studies and draws; seeds, seed_sd: of differences."""

    macro: Difference
    seeds: tuple[float, ...]
    seed_sd: float


@dataclass(frozen=True, slots=True)
class RepeatsDifference:
    """First method minus second. within: W. abnormal: A."""

    within: RepeatedDifference
    abnormal: RepeatedDifference


def merge_folds(tables: Mapping[str, ScoresTable]) -> ScoresTable:
    """One table of all folds, fold -> its table; the stratum of a study begins with its fold.

    Raises ScoresError for a study in two folds and for no fold.
    """
    if not tables:
        raise ScoresError("There are no folds to merge. Score at least one.")
    parts = [table.rows.assign(stratum=f"fold={fold}|" + table.rows["stratum"]) for fold, table in tables.items()]
    rows = pd.concat(parts, ignore_index=True)
    if rows.duplicated(["study", "concept"]).any():
        raise ScoresError(
            "A study is in two folds: these scores do not come from one split of the patients. "
            "Score the folds of one split."
        )
    first = next(iter(tables.values())).provenance
    return ScoresTable(rows, replace(first, fold=", ".join(tables), strata=("fold", *first.strata)))


def summarise_repeats(
    tables: Sequence[ScoresTable],
    *,
    groups: Mapping[str, str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
) -> Repeats:
    """Means over seeds; ``tables`` holds one merged table per seed. groups: concept -> disease group.

    Raises ScoresError if the tables differ in studies.
    """
    seeds = [_Seed.of(table, min_positives) for table in tables]
    first, mean = seeds[0], _mean(seeds)
    members = _members(first.concepts, groups)

    def statistic(weights: Floats) -> Floats:
        """Weights (N, R) -> W and A, each: macro, F findings, G groups: (2 (1 + F + G), R)."""
        rows = mean(weights)
        within, abnormal = (_with_groups(rows, metric, members) for metric in (WITHIN, ABNORMAL))
        return np.concatenate([within, abnormal])

    rows = estimates(statistic, first.patients, first.positive, draws, seed)
    values = np.stack([one.means() for one in seeds], axis=1)  # (4, seeds)
    half = len(rows) // 2
    return Repeats(
        within=_repeated(rows[:half], values[WITHIN], first.concepts, members),
        abnormal=_repeated(rows[half:], values[ABNORMAL], first.concepts, members),
        concepts=first.concepts,
        concepts_abnormal=first.concepts_abnormal,
        studies=len(first.studies),
        patients=len(np.unique(first.patients)),
    )


def compare_repeats(
    first: Sequence[ScoresTable],
    second: Sequence[ScoresTable],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
) -> RepeatsDifference:
    """Differences paired over studies and seeds: both sides hold one merged table for each of the same seeds.

    Raises ScoresError if the tables differ in studies, findings or number.
    """
    a, b = ([_Seed.of(table, min_positives) for table in side] for side in (first, second))
    if len(a) != len(b) or not _same(a[0], b[0]):
        raise ScoresError(
            "The two methods cannot be compared: their studies, findings or numbers of seeds differ. Score both alike."
        )
    differences = paired_differences(_mean(a), _mean(b), a[0].patients, a[0].positive, draws=draws, seed=seed)
    values = np.stack([x.means() - y.means() for x, y in zip(a, b, strict=True)], axis=1)  # (4, seeds)
    within, abnormal = (
        RepeatedDifference(differences[metric], tuple(values[metric].tolist()), _deviation(values[metric]))
        for metric in (WITHIN, ABNORMAL)
    )
    return RepeatsDifference(within, abnormal)


@dataclass(frozen=True, slots=True)
class _Seed:
    """One table. statistic: weights (N, R) -> METRICS, then W of F concepts, then A of each, (4 + 2 F, R).

    studies, patients: (N,) str. positive: (N,) bool, studies that show any of ``concepts``.
    """

    statistic: Statistic
    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    positive: NDArray[np.bool_]
    concepts: tuple[str, ...]
    concepts_abnormal: tuple[str, ...]

    @classmethod
    def of(cls, table: ScoresTable, min_positives: int) -> _Seed:
        """The macro average of a table over findings with ``min_positives`` comparable positives."""
        matrix = as_matrix(without_normal(table))
        ranks = included(rank_all(matrix), min_positives)
        return cls(
            statistic=macro_and_findings(ranks, min_positives),
            studies=matrix.studies,
            patients=matrix.patients,
            positive=any_positive(len(matrix.studies), ranks),
            concepts=tuple(finding.concept for finding in ranks),
            concepts_abnormal=tuple(finding.concept for finding in included_abnormal(ranks, min_positives)),
        )

    def means(self) -> Floats:
        """METRICS over all studies, (4,)."""
        return self.statistic(np.ones((len(self.studies), 1)))[: len(METRICS), 0]


def _mean(seeds: Sequence[_Seed]) -> Statistic:
    """Statistic weights (N, R) -> mean over seeds (4 + 2 F, R)."""
    if not all(_same(seeds[0], one) for one in seeds):
        raise ScoresError("The seeds of one method were not scored on the same studies and findings. Score them again.")
    return lambda weights: np.mean([one.statistic(weights) for one in seeds], axis=0)


def _same(one: _Seed, other: _Seed) -> bool:
    """Whether both cover the same studies and findings."""
    return one.concepts == other.concepts and np.array_equal(one.studies, other.studies)


def _members(concepts: Sequence[str], groups: Mapping[str, str] | None) -> dict[str, list[int]]:
    """Disease group -> positions of its findings among ``concepts``; a finding without a group is in "other"."""
    members: dict[str, list[int]] = {}
    for i, concept in enumerate(concepts if groups else ()):
        members.setdefault((groups or {}).get(concept, "other"), []).append(i)
    return dict(sorted(members.items()))


def _with_groups(rows: Floats, metric: int, members: Mapping[str, list[int]]) -> Floats:
    """Rows (4 + 2 F, R) -> of one metric: macro, F findings, then the mean of each of G groups: (1 + F + G, R)."""
    findings = rows[len(METRICS) :].reshape(2, -1, rows.shape[1])[metric]
    groups = [findings[positions].mean(axis=0, keepdims=True) for positions in members.values()]
    return np.concatenate([rows[metric : metric + 1], findings, *groups])


def _repeated(
    rows: Sequence[Estimate], seeds: Floats, concepts: Sequence[str], members: Mapping[str, list[int]]
) -> RepeatedMetric:
    """One metric from the estimates of ``_with_groups`` and the macro of each seed, (seeds,)."""
    macro, *parts = rows
    return RepeatedMetric(
        macro=macro,
        seeds=tuple(seeds.tolist()),
        seed_sd=_deviation(seeds),
        findings=dict(zip(concepts, parts[: len(concepts)], strict=True)),
        groups=dict(zip(members, parts[len(concepts) :], strict=True)),
    )


def _deviation(values: Floats) -> float:
    """Standard deviation of a sample (seeds,); NaN for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

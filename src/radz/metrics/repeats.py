"""Several trainings of one method: folds put together, seeds averaged, what patients and what seeds leave open apart.

Each fold is scored by a model that did not see it. Scores of two models have no common scale, so pairs are compared
within a fold (and within source and view, as everywhere). The interval is over patients, at the seeds that were run;
how much the value moves from seed to seed stands beside it and is not in the interval.
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
from radz.metrics.finding_ranks import METRICS, any_positive, estimates, included, macro_and_within, rank_all
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoresTable, as_matrix
from radz.metrics.summary import DRAWS, MIN_POSITIVES
from radz.types import NORMAL


@dataclass(frozen=True, slots=True)
class Repeats:
    """Macro AUROC within strata of one method over seeds.

    seeds: the value of each seed. seed_sd: their standard deviation, NaN for one seed. findings: each one's AUROC
    within strata. groups: mean over the findings of a disease group.
    """

    auroc_within: Estimate
    seeds: tuple[float, ...]
    seed_sd: float
    concepts: tuple[str, ...]
    findings: Mapping[str, Estimate]
    groups: Mapping[str, Estimate]
    studies: int
    patients: int


@dataclass(frozen=True, slots=True)
class RepeatsDifference:
    """One method minus another on identical studies and draws; seeds: of each seed; seed_sd: as in Repeats."""

    auroc_within: Difference
    seeds: tuple[float, ...]
    seed_sd: float


def merge_folds(tables: Mapping[str, ScoresTable]) -> ScoresTable:
    """One table of all folds; a study's stratum begins with its fold.

    Raises ScoresError for a study that is in two folds, or no fold.
    """
    if not tables:
        raise ScoresError("There is no fold to put together.")
    parts = [table.rows.assign(stratum=f"fold={fold}|" + table.rows["stratum"]) for fold, table in tables.items()]
    rows = pd.concat(parts, ignore_index=True)
    if rows.duplicated(["study", "concept"]).any():
        raise ScoresError("A study is in two folds: these scores are not of one deal of the patients.")
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
    """Means over seeds; ``tables`` is one of all folds for each seed. groups: concept -> disease group.

    Raises ScoresError where the tables are not of the same studies.
    """
    each_seed = [_Macro.of(table, min_positives) for table in tables]
    first, values = each_seed[0], _mean(each_seed)
    names = sorted({(groups or {}).get(concept, "other") for concept in first.concepts}) if groups else []
    members = [[i for i, c in enumerate(first.concepts) if (groups or {}).get(c, "other") == name] for name in names]

    def everything(weights: Floats) -> Floats:
        rows = values(weights)
        each = rows[len(METRICS) :]
        return np.concatenate([rows[:1], each, *(each[own].mean(0, keepdims=True) for own in members)])

    found = estimates(everything, first.patients, first.positive, draws, seed)
    by_seed = [float(one.values(np.ones((len(one.studies), 1)))[0, 0]) for one in each_seed]
    count = len(first.concepts)
    return Repeats(
        found[0],
        tuple(by_seed),
        _deviation(by_seed),
        first.concepts,
        dict(zip(first.concepts, found[1 : 1 + count], strict=True)),
        dict(zip(names, found[1 + count :], strict=True)),
        len(first.studies),
        len(np.unique(first.patients)),
    )


def compare_repeats(
    first: Sequence[ScoresTable],
    second: Sequence[ScoresTable],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
) -> RepeatsDifference:
    """Paired over studies and over seeds: ``first`` and ``second`` hold one table for each of the same seeds.

    Raises ScoresError where the tables are not of the same studies and findings.
    """
    ours, theirs = ([_Macro.of(table, min_positives) for table in side] for side in (first, second))
    if len(ours) != len(theirs) or not _same(ours[0], theirs[0]):
        raise ScoresError("The two cannot be compared: their studies, findings or numbers of seeds differ.")
    a, b = _mean(ours), _mean(theirs)
    (difference,) = paired_differences(
        lambda w: a(w)[:1], lambda w: b(w)[:1], ours[0].patients, ours[0].positive, draws=draws, seed=seed
    )
    ones = np.ones((len(ours[0].studies), 1))
    by_seed = [float((x.values(ones) - y.values(ones))[0, 0]) for x, y in zip(ours, theirs, strict=True)]
    return RepeatsDifference(difference, tuple(by_seed), _deviation(by_seed))


@dataclass(frozen=True, slots=True)
class _Macro:
    """One table. values: weights (N, R) -> METRICS, then the AUROC within strata of each of ``concepts``."""

    values: Statistic
    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    positive: NDArray[np.bool_]
    concepts: tuple[str, ...]

    @classmethod
    def of(cls, table: ScoresTable, min_positives: int) -> _Macro:
        matrix = as_matrix(replace(table, rows=table.rows[table.rows["concept"] != NORMAL]))
        ranks = included(rank_all(matrix), min_positives)
        positive = any_positive(len(matrix.studies), ranks)
        names = tuple(finding.concept for finding in ranks)
        return cls(macro_and_within(ranks), matrix.studies, matrix.patients, positive, names)


def _mean(own: Sequence[_Macro]) -> Statistic:
    if not all(_same(own[0], one) for one in own):
        raise ScoresError("The seeds of one method were not scored on the same studies and findings.")
    return lambda weights: np.mean([one.values(weights) for one in own], axis=0)


def _same(one: _Macro, other: _Macro) -> bool:
    return one.concepts == other.concepts and np.array_equal(one.studies, other.studies)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

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
from radz.metrics.finding_ranks import METRICS, any_positive, estimates, included, macro_and_within, rank_all
from radz.metrics.protocol import DRAWS, MIN_POSITIVES
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoresTable, as_matrix, without_normal


@dataclass(frozen=True, slots=True)
class Repeats:
    """Macro AUROC within strata of one method over seeds.

    seeds: the value of each seed. seed_sd: their standard deviation, NaN for one seed. findings: concept -> AUROC
    within strata. groups: disease group -> mean over its findings.
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
    """One method minus another on identical studies and draws. seeds, seed_sd: as in Repeats, of the differences."""

    auroc_within: Difference
    seeds: tuple[float, ...]
    seed_sd: float


def merge_folds(tables: Mapping[str, ScoresTable]) -> ScoresTable:
    """One table of all folds, fold -> its table; the stratum of a study begins with its fold.

    Raises ScoresError for a study in two folds and for no fold.
    """
    if not tables:
        raise ScoresError("There are no folds to merge.")
    parts = [table.rows.assign(stratum=f"fold={fold}|" + table.rows["stratum"]) for fold, table in tables.items()]
    rows = pd.concat(parts, ignore_index=True)
    if rows.duplicated(["study", "concept"]).any():
        raise ScoresError(
            "A study is in two folds: these scores do not come from one split of the patients into folds."
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

    Raises ScoresError where the tables differ in studies.
    """
    each_seed = [_Macro.of(table, min_positives) for table in tables]
    first, values = each_seed[0], _mean(each_seed)
    names = sorted({(groups or {}).get(concept, "other") for concept in first.concepts}) if groups else []
    members = [[i for i, c in enumerate(first.concepts) if (groups or {}).get(c, "other") == name] for name in names]

    def macro_findings_groups(weights: Floats) -> Floats:
        """Weights (N, R) -> the macro AUROC, that of F findings, that of G groups: (1 + F + G, R)."""
        rows = values(weights)
        findings = rows[len(METRICS) :]
        return np.concatenate([rows[:1], findings, *(findings[group].mean(0, keepdims=True) for group in members)])

    macro, *parts = estimates(macro_findings_groups, first.patients, first.positive, draws, seed)
    by_seed = [float(one.values(np.ones((len(one.studies), 1)))[0, 0]) for one in each_seed]
    count = len(first.concepts)
    return Repeats(
        macro,
        tuple(by_seed),
        _deviation(by_seed),
        first.concepts,
        dict(zip(first.concepts, parts[:count], strict=True)),
        dict(zip(names, parts[count:], strict=True)),
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
    """Differences paired over studies and seeds: both sides hold one merged table for each of the same seeds.

    Raises ScoresError where the tables differ in studies, findings or number.
    """
    ours, theirs = ([_Macro.of(table, min_positives) for table in side] for side in (first, second))
    if len(ours) != len(theirs) or not _same(ours[0], theirs[0]):
        raise ScoresError("The two methods cannot be compared: their studies, findings or numbers of seeds differ.")
    a, b = _mean(ours), _mean(theirs)
    (difference,) = paired_differences(
        lambda w: a(w)[:1], lambda w: b(w)[:1], ours[0].patients, ours[0].positive, draws=draws, seed=seed
    )
    ones = np.ones((len(ours[0].studies), 1))
    by_seed = [float((x.values(ones) - y.values(ones))[0, 0]) for x, y in zip(ours, theirs, strict=True)]
    return RepeatsDifference(difference, tuple(by_seed), _deviation(by_seed))


@dataclass(frozen=True, slots=True)
class _Macro:
    """One table. values: weights (N, R) -> METRICS, then the AUROC within strata of F concepts, (3 + F, R).

    studies, patients: (N,) str. positive: (N,) bool, studies that show any of ``concepts``.
    """

    values: Statistic
    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    positive: NDArray[np.bool_]
    concepts: tuple[str, ...]

    @classmethod
    def of(cls, table: ScoresTable, min_positives: int) -> _Macro:
        """The macro average of a table over findings with ``min_positives`` comparable positives."""
        matrix = as_matrix(without_normal(table))
        ranks = included(rank_all(matrix), min_positives)
        positive = any_positive(len(matrix.studies), ranks)
        names = tuple(finding.concept for finding in ranks)
        return cls(macro_and_within(ranks), matrix.studies, matrix.patients, positive, names)


def _mean(seeds: Sequence[_Macro]) -> Statistic:
    """Statistic weights (N, R) -> mean over seeds (3 + F, R)."""
    if not all(_same(seeds[0], one) for one in seeds):
        raise ScoresError("The seeds of one method were not scored on the same studies and findings.")
    return lambda weights: np.mean([one.values(weights) for one in seeds], axis=0)


def _same(one: _Macro, other: _Macro) -> bool:
    """Whether both cover the same studies and findings."""
    return one.concepts == other.concepts and np.array_equal(one.studies, other.studies)


def _deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample; NaN for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

"""A table of raw scores to an evaluation with intervals.

The main number compares positives with negatives of the same stratum (source and view, where the corpus says
them): whatever a film's origin tells about its findings counts for nothing there.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from radz.errors import ScoresError
from radz.metrics.bootstrap import Statistic, holm, paired_differences
from radz.metrics.delong import delong_interval, delong_test
from radz.metrics.evaluation import (
    Comparison,
    Estimate,
    Evaluation,
    FindingEvaluation,
    GroupEvaluation,
    MacroEvaluation,
    OperatingPoint,
    StudyGroupEvaluation,
    ThresholdSource,
    UncertainEvaluation,
)
from radz.metrics.finding_ranks import (
    METRICS,
    FindingRanks,
    any_positive,
    estimates,
    included,
    macro,
    macro_and_within,
    rank_all,
    stacked,
    why_left_out,
)
from radz.metrics.operating_points import RATES, mean_rates, operating_point, oracle_thresholds, rates_at
from radz.metrics.ranking import Floats, Ranking
from radz.metrics.scores_file import ScoreMatrix, ScoresProvenance, ScoresTable, UncertainPolicy, as_matrix
from radz.metrics.subgroups import evaluate_study_groups
from radz.metrics.thresholds import Thresholds
from radz.types import NORMAL

__all__ = [
    "METRICS",
    "Comparison",
    "Estimate",
    "Evaluation",
    "FindingEvaluation",
    "GroupEvaluation",
    "MacroEvaluation",
    "OperatingPoint",
    "StudyGroupEvaluation",
    "UncertainEvaluation",
    "compare",
    "macro_auroc",
    "protocol_hash",
    "summarise",
]

DRAWS = 1000
MIN_POSITIVES = 10
"""Fewer positives in comparable strata, and a finding is shown but left out of the macro average."""
NO_THRESHOLDS = "none given: choose them on validation scores with `radz thresholds`"
Chosen = Mapping[ThresholdSource, Mapping[str, float]]
"""Where thresholds come from -> finding -> threshold."""


def summarise(
    table: ScoresTable,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
    uncertain: UncertainPolicy = "ignore",
    groups: Mapping[str, str] | None = None,
    thresholds: Thresholds | None = None,
    study_groups: bool = False,
) -> Evaluation:
    """Metrics of each finding and their macro average, with 95 % patient-bootstrap intervals.

    groups: concept -> disease group, for an average of each group. thresholds: from validation scores of the same
    model; without them only those chosen on these very studies are shown, marked as oracle. study_groups: also by view,
    sex, age band and source. Deterministic by ``seed``, whatever the order of the rows. Raises ScoresError for a table
    without diseases and for thresholds of another model, LeakageError for thresholds of these very studies.
    """
    matrix = as_matrix(_without_normal(table), uncertain)
    ranks, chosen = rank_all(matrix), _chosen(matrix, thresholds, table.provenance)
    options = _Options(draws, seed, min_positives, uncertain == "separate")
    return Evaluation(
        provenance=table.provenance,
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        findings=tuple(_evaluate_finding(matrix, j, ranks[j], chosen, options) for j in range(len(ranks))),
        macro=_evaluate_macro(matrix, included(ranks, min_positives), chosen, options),
        draws=draws,
        seed=seed,
        min_positives=min_positives,
        uncertain=uncertain,
        protocol_hash=protocol_hash(
            table.provenance.strata, draws, seed, min_positives, uncertain, thresholds=thresholds
        ),
        groups=_evaluate_groups(matrix, ranks, groups or {}, options),
        study_groups=evaluate_study_groups(matrix, ranks, min_positives=min_positives, draws=draws, seed=seed)
        if study_groups
        else (),
        thresholds=_say_thresholds(thresholds),
    )


def macro_auroc(table: ScoresTable, min_positives: int = MIN_POSITIVES) -> dict[str, float]:
    """Macro AUROC ``auroc_within`` and ``auroc_pooled`` without intervals, cheap enough for every epoch.

    NaN where no finding has ``min_positives`` comparable positives.
    """
    matrix = as_matrix(_without_normal(table))
    values = macro(included(rank_all(matrix), min_positives))(np.ones((len(matrix.studies), 1)))[:, 0]
    return dict(zip(METRICS[:2], map(float, values[:2]), strict=True))


def compare(
    first: ScoresTable,
    second: ScoresTable,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
    uncertain: UncertainPolicy = "ignore",
) -> Comparison:
    """Paired differences, over the studies and findings that both tables score, and DeLong's test of pooled AUROCs.

    Raises ScoresError unless studies, labels and strata are identical.
    """
    a, b = (as_matrix(_without_normal(table), uncertain) for table in (first, second))
    _need_identical(a, b, first.provenance.model, second.provenance.model)
    a, b = _scored_by_both(a, b)
    ours, theirs = (included(rank_all(side), min_positives) for side in (a, b))
    names, positive = [finding.concept for finding in ours], any_positive(len(a.studies), ours)
    within, pooled, precision, *each = paired_differences(
        macro_and_within(ours), macro_and_within(theirs), a.patients, positive, draws=draws, seed=seed
    )
    columns = [a.concepts.index(name) for name in names]
    tests = [delong_test(a.scores[:, j], b.scores[:, j], a.labels[:, j], a.patients) for j in columns]
    return Comparison(
        within,
        pooled,
        precision,
        findings=dict(zip(names, each, strict=True)),
        holm=dict(zip(names, holm([difference.p_value for difference in each]).tolist(), strict=True)),
        delong=dict(zip(names, tests, strict=True)),
        delong_holm=dict(zip(names, holm([test.p_value for test in tests]).tolist(), strict=True)),
    )


def protocol_hash(
    strata: Sequence[str],
    draws: int,
    seed: int,
    min_positives: int,
    uncertain: UncertainPolicy,
    *,
    thresholds: Thresholds | None = None,
) -> str:
    """Short hash of every choice that turns scores into numbers; equal hashes, comparable numbers."""
    choices = {
        "version": 1,
        "metrics": METRICS,
        "strata": list(strata),
        "draws": draws,
        "seed": seed,
        "min_positives": min_positives,
        "uncertain": uncertain,
        "interval": "patient bootstrap, percentile 95",
    }
    if thresholds is not None:
        choices["thresholds"] = [thresholds.rule, thresholds.scores_sha256]
    return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Options:
    draws: int
    seed: int
    min_positives: int
    separate: bool


def _without_normal(table: ScoresTable) -> ScoresTable:
    rows = table.rows[table.rows["concept"] != NORMAL]
    if rows.empty:
        raise ScoresError("The table holds no score of a disease: nothing to evaluate.")
    return replace(table, rows=rows)


def _chosen(matrix: ScoreMatrix, thresholds: Thresholds | None, made: ScoresProvenance) -> Chosen:
    oracle = oracle_thresholds(
        matrix.concepts, matrix.scores, matrix.labels, thresholds.rule if thresholds is not None else "f1"
    )
    if thresholds is None:
        return {"oracle": oracle}
    thresholds.require_fit(made)
    return {"validation": thresholds.values, "oracle": oracle}


def _say_thresholds(thresholds: Thresholds | None) -> str:
    if thresholds is None:
        return NO_THRESHOLDS
    return (
        f"greatest {thresholds.rule} on split '{thresholds.split}' of {thresholds.corpus}, "
        f"{thresholds.studies} studies of {thresholds.patients} patients"
    )


def _evaluate_finding(
    matrix: ScoreMatrix, column: int, ranks: FindingRanks, chosen: Chosen, options: _Options
) -> FindingEvaluation:
    scored = len(ranks.pooled.positives) + ranks.pooled.negatives
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    own = {source: values[ranks.concept] for source, values in chosen.items() if ranks.concept in values}
    statistic = stacked([ranks.metrics, *(rates_at(scores, labels, threshold) for threshold in own.values())])
    own_seed = (options.seed, crc32(ranks.concept.encode()))  # a finding's draws do not depend on its neighbours
    found = estimates(statistic, matrix.patients, ranks.positive, options.draws, own_seed)
    return FindingEvaluation(
        concept=ranks.concept,
        positives=len(ranks.pooled.positives),
        negatives=ranks.pooled.negatives,
        comparable=ranks.within.comparable,
        unscored=int(ranks.known.sum()) - scored,
        **dict(zip(METRICS, found[: len(METRICS)], strict=True)),
        left_out=why_left_out(ranks, options.min_positives),
        delong=delong_interval(scores, labels, matrix.patients),
        operating=_operating([(source, value, (ranks.concept,)) for source, value in own.items()], found),
        uncertain=_evaluate_uncertain(matrix, column, options) if options.separate else None,
    )


def _evaluate_macro(
    matrix: ScoreMatrix, findings: Sequence[FindingRanks], chosen: Chosen, options: _Options
) -> MacroEvaluation:
    """A source of thresholds that lacks some finding averages fewer of them, and says which."""
    parts: list[Statistic] = [macro(findings)]
    averaged: list[tuple[ThresholdSource, float, tuple[str, ...]]] = []
    for source, values in chosen.items():
        names = tuple(finding.concept for finding in findings if finding.concept in values)
        columns = [(matrix.concepts.index(name), values[name]) for name in names]
        if names:
            parts.append(mean_rates([rates_at(matrix.scores[:, j], matrix.labels[:, j], t) for j, t in columns]))
            averaged.append((source, math.nan, names))
    positive = any_positive(len(matrix.studies), findings)
    found = estimates(stacked(parts), matrix.patients, positive, options.draws, options.seed)
    return MacroEvaluation(
        concepts=tuple(finding.concept for finding in findings),
        **dict(zip(METRICS, found[: len(METRICS)], strict=True)),
        operating=_operating(averaged, found),
    )


def _operating(
    points: Sequence[tuple[ThresholdSource, float, tuple[str, ...]]], found: Sequence[Estimate]
) -> tuple[OperatingPoint, ...]:
    """Operating points from the estimates that stand behind those of METRICS, RATES for each."""
    starts = range(len(METRICS), len(found), len(RATES))
    return tuple(
        operating_point(*point, found[start : start + len(RATES)]) for point, start in zip(points, starts, strict=True)
    )


def _evaluate_uncertain(matrix: ScoreMatrix, column: int, options: _Options) -> UncertainEvaluation | None:
    """Of a finding with uncertain studies, else none."""
    assert matrix.uncertain is not None
    unsure, labels, scores = matrix.uncertain[:, column], matrix.labels[:, column], matrix.scores[:, column]
    if not unsure.any():
        return None
    against_absent = np.where(unsure, 1.0, np.where(labels == 0, 0.0, np.nan))
    below_present = np.where(unsure, 0.0, np.where(labels == 1, 1.0, np.nan))
    rankings = [Ranking.of(scores, y, matrix.strata) for y in (against_absent, below_present)]

    def statistic(weights: Floats) -> Floats:
        return np.stack([ranking.auroc(weights) for ranking in rankings])

    own_seed = (options.seed, crc32(f"uncertain {matrix.concepts[column]}".encode()))
    found = estimates(statistic, matrix.patients, unsure, options.draws, own_seed)
    return UncertainEvaluation(int(unsure.sum()), *found)


def _evaluate_groups(
    matrix: ScoreMatrix, ranks: Sequence[FindingRanks], groups: Mapping[str, str], options: _Options
) -> tuple[GroupEvaluation, ...]:
    """Groups by name, those with a finding that was scored."""
    members: dict[str, list[FindingRanks]] = {}
    for finding in ranks:
        if finding.concept in groups:
            members.setdefault(groups[finding.concept], []).append(finding)
    made = []
    for group, findings in sorted(members.items()):
        own = included(findings, options.min_positives)
        positive = any_positive(len(matrix.studies), own)
        own_seed = (options.seed, crc32(group.encode()))
        within, *_ = estimates(macro(own), matrix.patients, positive, options.draws, own_seed)
        names = tuple(finding.concept for finding in own)
        made.append(GroupEvaluation(group, len(findings), names, int(positive.sum()), within))
    return tuple(made)


def _scored_by_both(a: ScoreMatrix, b: ScoreMatrix) -> tuple[ScoreMatrix, ScoreMatrix]:
    missing = np.isnan(a.scores) | np.isnan(b.scores)
    first, second = (replace(side, scores=np.where(missing, np.nan, side.scores)) for side in (a, b))
    return first, second


def _need_identical(a: ScoreMatrix, b: ScoreMatrix, first: str, second: str) -> None:
    for part in ("concepts", "studies", "patients", "strata", "labels"):
        here, there = np.asarray(getattr(a, part)), np.asarray(getattr(b, part))
        if here.shape != there.shape or not np.array_equal(here, there, equal_nan=part == "labels"):
            raise ScoresError(
                f"'{first}' and '{second}' cannot be compared: their {part} differ ({len(here)} and {len(there)}). "
                "A paired difference needs both models' scores of the same studies under the same labels."
            )

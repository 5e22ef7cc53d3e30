"""A table of raw scores to an evaluation with intervals.

The main number compares positives with negatives of the same stratum (source and view, where the corpus says
them): whatever a film's origin tells about its findings counts for nothing there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from radz.errors import ScoresError
from radz.eval.intervals import (
    Difference,
    Interval,
    Statistic,
    bootstrap,
    holm,
    paired_differences,
    percentile_interval,
)
from radz.eval.metrics import Floats, Ranking
from radz.eval.scores_file import ScoreMatrix, ScoresProvenance, ScoresTable, UncertainPolicy, as_matrix
from radz.types import NORMAL

DRAWS = 1000
MIN_POSITIVES = 10
"""Fewer positives in comparable strata, and a finding is shown but left out of the macro average."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One metric, NaN where undefined, and its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class FindingEvaluation:
    """One finding. Counts are of studies.

    comparable: positives in strata that also hold a negative. unscored: labelled studies without a score.
    left_out: why the macro average is without this finding; empty where it is in.
    """

    concept: str
    positives: int
    negatives: int
    comparable: int
    unscored: int
    auroc_within: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate
    left_out: str


@dataclass(frozen=True, slots=True)
class MacroEvaluation:
    """Means over ``concepts``, each with an interval from draws that all its findings share."""

    concepts: tuple[str, ...]
    auroc_within: Estimate
    auroc_pooled: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class GroupEvaluation:
    """One disease group: mean AUROC within strata over ``concepts``, those of the group that the macro average takes.

    findings: how many of the group were scored. positives: studies that show any of ``concepts``.
    """

    group: str
    findings: int
    concepts: tuple[str, ...]
    positives: int
    auroc_within: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything a table of scores says, and what is needed to argue with it."""

    provenance: ScoresProvenance
    studies: int
    patients: int
    findings: tuple[FindingEvaluation, ...]
    macro: MacroEvaluation
    draws: int
    seed: int
    min_positives: int
    uncertain: UncertainPolicy
    protocol_hash: str
    groups: tuple[GroupEvaluation, ...] = ()

    @property
    def left_out(self) -> dict[str, str]:
        """Findings outside the macro average -> why."""
        return {finding.concept: finding.left_out for finding in self.findings if finding.left_out}


@dataclass(frozen=True, slots=True)
class Comparison:
    """First table minus second on identical studies and draws: macro averages, and AUROC within strata by finding.

    holm: concept -> p-value adjusted for the number of findings.
    """

    auroc_within: Difference
    auroc_pooled: Difference
    average_precision: Difference
    findings: Mapping[str, Difference]
    holm: Mapping[str, float]


METRICS = ("auroc_within", "auroc_pooled", "average_precision")


@dataclass(frozen=True, slots=True)
class _FindingRanks:
    """One finding of a matrix, ranked within strata and over all studies."""

    concept: str
    known: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    within: Ranking
    pooled: Ranking

    def metrics(self, weights: Floats) -> Floats:
        """Study weights (N, R) -> (3, R) in the order of METRICS."""
        return np.stack(
            [self.within.auroc(weights), self.pooled.auroc(weights), self.pooled.average_precision(weights)]
        )


def summarise(
    table: ScoresTable,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
    uncertain: UncertainPolicy = "ignore",
    groups: Mapping[str, str] | None = None,
) -> Evaluation:
    """Metrics of each finding and their macro average, with 95 % patient-bootstrap intervals.

    groups: concept -> disease group, for an average of each group. Deterministic by ``seed``, whatever the order of
    the rows. Raises ScoresError for a table without diseases.
    """
    matrix = as_matrix(_without_normal(table), uncertain)
    ranks = [_rank(matrix, j) for j in range(len(matrix.concepts))]
    return Evaluation(
        provenance=table.provenance,
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        findings=tuple(_evaluate_finding(matrix, finding, draws, seed, min_positives) for finding in ranks),
        macro=_evaluate_macro(matrix, _included(ranks, min_positives), draws, seed),
        draws=draws,
        seed=seed,
        min_positives=min_positives,
        uncertain=uncertain,
        protocol_hash=protocol_hash(table.provenance.strata, draws, seed, min_positives, uncertain),
        groups=_evaluate_groups(matrix, ranks, groups or {}, min_positives=min_positives, draws=draws, seed=seed),
    )


def macro_auroc(table: ScoresTable, min_positives: int = MIN_POSITIVES) -> dict[str, float]:
    """Macro AUROC ``auroc_within`` and ``auroc_pooled`` without intervals, cheap enough for every epoch.

    NaN where no finding has ``min_positives`` comparable positives.
    """
    matrix = as_matrix(_without_normal(table))
    included = _included([_rank(matrix, j) for j in range(len(matrix.concepts))], min_positives)
    values = _macro(included)(np.ones((len(matrix.studies), 1)))[:, 0]
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
    """Paired differences, over the studies and findings that both tables score.

    Raises ScoresError unless studies, labels and strata are identical.
    """
    a, b = (as_matrix(_without_normal(table), uncertain) for table in (first, second))
    _need_identical(a, b, first.provenance.model, second.provenance.model)
    a, b = _scored_by_both(a, b)
    ours, theirs = (_included([_rank(side, j) for j in range(len(side.concepts))], min_positives) for side in (a, b))
    names, positive = [finding.concept for finding in ours], _any_positive(a, ours)
    within, pooled, precision, *each = paired_differences(
        _macro_and_within(ours), _macro_and_within(theirs), a.patients, positive, draws=draws, seed=seed
    )
    adjusted = holm([difference.p_value for difference in each])
    return Comparison(
        within,
        pooled,
        precision,
        findings=dict(zip(names, each, strict=True)),
        holm=dict(zip(names, adjusted.tolist(), strict=True)),
    )


@dataclass(frozen=True, slots=True)
class MacroStatistic:
    """The macro metrics of one table as a function of study weights, for draws that several tables share.

    values: weights (N, R) -> (3 + F, R), METRICS and then each of the F ``concepts``' AUROC within strata.
    patients, positive: (N,), of each study its patient and whether it shows any of the concepts.
    """

    values: Statistic
    patients: NDArray[np.str_]
    positive: NDArray[np.bool_]
    concepts: tuple[str, ...]
    studies: NDArray[np.str_]


def macro_statistic(
    table: ScoresTable, *, min_positives: int = MIN_POSITIVES, uncertain: UncertainPolicy = "ignore"
) -> MacroStatistic:
    """The macro metrics of ``table``, over findings with ``min_positives`` comparable positives."""
    matrix = as_matrix(_without_normal(table), uncertain)
    included = _included([_rank(matrix, j) for j in range(len(matrix.concepts))], min_positives)
    names = tuple(finding.concept for finding in included)
    positive = _any_positive(matrix, included)
    return MacroStatistic(_macro_and_within(included), matrix.patients, positive, names, matrix.studies)


def protocol_hash(strata: Sequence[str], draws: int, seed: int, min_positives: int, uncertain: UncertainPolicy) -> str:
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
    return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()[:12]


def _without_normal(table: ScoresTable) -> ScoresTable:
    rows = table.rows[table.rows["concept"] != NORMAL]
    if rows.empty:
        raise ScoresError("The table holds no score of a disease: nothing to evaluate.")
    return replace(table, rows=rows)


def _rank(matrix: ScoreMatrix, column: int) -> _FindingRanks:
    scores, labels = matrix.scores[:, column], matrix.labels[:, column]
    return _FindingRanks(
        concept=matrix.concepts[column],
        known=~np.isnan(labels),
        positive=labels == 1,
        within=Ranking.of(scores, labels, matrix.strata),
        pooled=Ranking.of(scores, labels),
    )


def _evaluate_finding(
    matrix: ScoreMatrix, ranks: _FindingRanks, draws: int, seed: int, min_positives: int
) -> FindingEvaluation:
    scored = len(ranks.pooled.positives) + ranks.pooled.negatives
    own_seed = (seed, crc32(ranks.concept.encode()))  # a finding's draws do not depend on its neighbours
    return FindingEvaluation(
        concept=ranks.concept,
        positives=len(ranks.pooled.positives),
        negatives=ranks.pooled.negatives,
        comparable=ranks.within.comparable,
        unscored=int(ranks.known.sum()) - scored,
        **_estimates(ranks.metrics, matrix.patients, ranks.positive, draws, own_seed),
        left_out=_why_left_out(ranks, min_positives),
    )


def _evaluate_macro(matrix: ScoreMatrix, included: Sequence[_FindingRanks], draws: int, seed: int) -> MacroEvaluation:
    estimates = _estimates(_macro(included), matrix.patients, _any_positive(matrix, included), draws, seed)
    return MacroEvaluation(tuple(finding.concept for finding in included), **estimates)


def _evaluate_groups(
    matrix: ScoreMatrix,
    ranks: Sequence[_FindingRanks],
    groups: Mapping[str, str],
    *,
    min_positives: int,
    draws: int,
    seed: int,
) -> tuple[GroupEvaluation, ...]:
    """Groups by name, those with a finding that was scored."""
    members: dict[str, list[_FindingRanks]] = {}
    for finding in ranks:
        if finding.concept in groups:
            members.setdefault(groups[finding.concept], []).append(finding)
    made = []
    for group, findings in sorted(members.items()):
        own = _included(findings, min_positives)
        positive = _any_positive(matrix, own)
        estimates = _estimates(_macro(own), matrix.patients, positive, draws, (seed, crc32(group.encode())))
        names = tuple(finding.concept for finding in own)
        made.append(GroupEvaluation(group, len(findings), names, int(positive.sum()), estimates["auroc_within"]))
    return tuple(made)


def _estimates(
    metrics: Statistic,
    patients: NDArray[np.str_],
    positive: NDArray[np.bool_],
    draws: int,
    seed: int | tuple[int, ...],
) -> dict[str, Estimate]:
    values = metrics(np.ones((len(patients), 1)))[:, 0]
    drawn = bootstrap(metrics, patients, positive, draws, seed)
    return {
        name: Estimate(float(value), percentile_interval(row))
        for name, value, row in zip(METRICS, values, drawn, strict=True)
    }


def _macro(included: Sequence[_FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean over findings (3, R); a draw that leaves one undefined is undefined."""
    return lambda weights: _macro_and_within(included)(weights)[: len(METRICS)]


def _macro_and_within(included: Sequence[_FindingRanks]) -> Statistic:
    """Weights (N, R) -> mean over F findings, then each one's AUROC within strata: (3 + F, R)."""

    def statistic(weights: Floats) -> Floats:
        if not included:
            return np.full((len(METRICS), weights.shape[1]), np.nan)
        values = np.stack([finding.metrics(weights) for finding in included])  # (F, 3, R)
        return np.concatenate([values.mean(axis=0), values[:, 0]])

    return statistic


def _included(ranks: Sequence[_FindingRanks], min_positives: int) -> list[_FindingRanks]:
    return [finding for finding in ranks if not _why_left_out(finding, min_positives)]


def _why_left_out(ranks: _FindingRanks, min_positives: int) -> str:
    if ranks.within.comparable >= max(min_positives, 1):
        return ""
    total = len(ranks.pooled.positives)
    return f"{ranks.within.comparable} of {total} positives share a stratum with a negative, fewer than {min_positives}"


def _any_positive(matrix: ScoreMatrix, included: Sequence[_FindingRanks]) -> NDArray[np.bool_]:
    masks = [finding.positive for finding in included]
    return np.any(masks, axis=0) if masks else np.zeros(len(matrix.studies), dtype=bool)


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

"""A table of raw scores to an evaluation with intervals, and two tables to their paired differences.

There are two main numbers, always shown together. W, ``auroc_within``, compares positives with negatives of the same
stratum (source and view, where the corpus gives them), so a score gains nothing from knowing where an image comes from.
A, ``auroc_abnormal``, does the same with negatives that show another finding, so a score also gains nothing from
telling normal from abnormal: the single bit "any finding", used as the score of every finding, has a high W and A 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from radz.errors import ScoresError
from radz.metrics.averages import evaluate_groups, evaluate_macro
from radz.metrics.bootstrap import holm, paired_differences
from radz.metrics.delong import delong_test
from radz.metrics.evaluation import Comparison, Evaluation
from radz.metrics.finding_evaluation import SummaryOptions, ThresholdsBySource, evaluate_finding
from radz.metrics.finding_ranks import METRICS, any_positive, included, macro, macro_and_findings, rank_all
from radz.metrics.operating_points import oracle_thresholds
from radz.metrics.protocol import DRAWS, MIN_POSITIVES, protocol_hash
from radz.metrics.score_matrix import ScoreMatrix, UncertainPolicy, as_matrix, without_normal
from radz.metrics.scores_file import ScoresProvenance, ScoresTable
from radz.metrics.subgroups import evaluate_study_groups
from radz.metrics.thresholds import Thresholds

NO_THRESHOLDS = "none given: choose them on validation scores with `radz thresholds`"


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

    groups: concept -> disease group, for the average of each group. thresholds: from validation scores of the same
    model; without them only the oracle thresholds, chosen on these very studies, are reported. study_groups: also by
    view, sex, age band and source. The result depends on ``seed`` and not on the order of the rows. Raises ScoresError
    for a table without diseases and for thresholds of another model, LeakageError for thresholds chosen on these
    studies.
    """
    matrix = as_matrix(without_normal(table), uncertain)
    ranks = rank_all(matrix)
    cuts = _thresholds_by_source(matrix, thresholds, table.provenance)
    options = SummaryOptions(draws, seed, min_positives, uncertain == "separate")
    return Evaluation(
        provenance=table.provenance,
        studies=len(matrix.studies),
        patients=len(np.unique(matrix.patients)),
        findings=tuple(evaluate_finding(matrix, finding, cuts, options) for finding in ranks),
        macro=evaluate_macro(matrix, included(ranks, min_positives), cuts, options),
        draws=draws,
        seed=seed,
        min_positives=min_positives,
        uncertain=uncertain,
        protocol_hash=protocol_hash(
            table.provenance.strata, draws, seed, min_positives, uncertain, thresholds=thresholds
        ),
        groups=evaluate_groups(matrix, ranks, groups or {}, options),
        study_groups=evaluate_study_groups(matrix, ranks, options) if study_groups else (),
        thresholds=thresholds.summary if thresholds is not None else NO_THRESHOLDS,
    )


def macro_auroc(table: ScoresTable, min_positives: int = MIN_POSITIVES) -> dict[str, float]:
    """Macro ``auroc_within``, ``auroc_abnormal`` and ``auroc_pooled`` without intervals, cheap enough for every epoch.

    NaN where no finding has ``min_positives`` comparable positives.
    """
    matrix = as_matrix(without_normal(table))
    values = macro(included(rank_all(matrix), min_positives), min_positives)(np.ones((len(matrix.studies), 1)))[:, 0]
    return dict(zip(METRICS[:3], map(float, values[:3]), strict=True))


def compare(
    first: ScoresTable,
    second: ScoresTable,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    min_positives: int = MIN_POSITIVES,
    uncertain: UncertainPolicy = "ignore",
) -> Comparison:
    """Paired differences over the studies and findings that both tables score, with DeLong's test of pooled AUROCs.

    Raises ScoresError unless studies, labels and strata are identical.
    """
    a, b = (as_matrix(without_normal(table), uncertain) for table in (first, second))
    _require_identical(a, b, first.provenance.model, second.provenance.model)
    a, b = _scored_by_both(a, b)
    ranks_a, ranks_b = (included(rank_all(side), min_positives) for side in (a, b))
    names, positive = [finding.concept for finding in ranks_a], any_positive(len(a.studies), ranks_a)
    first_statistic, second_statistic = (macro_and_findings(ranks, min_positives) for ranks in (ranks_a, ranks_b))
    differences = paired_differences(first_statistic, second_statistic, a.patients, positive, draws=draws, seed=seed)
    means, by_finding = differences[: len(METRICS)], differences[len(METRICS) :]
    within, abnormal = by_finding[: len(names)], by_finding[len(names) :]
    columns = [a.concepts.index(name) for name in names]
    tests = [delong_test(a.scores[:, j], b.scores[:, j], a.labels[:, j], a.patients) for j in columns]
    return Comparison(
        **dict(zip(METRICS, means, strict=True)),
        findings=dict(zip(names, within, strict=True)),
        holm=_holm(names, [difference.p_value for difference in within]),
        findings_abnormal=dict(zip(names, abnormal, strict=True)),
        holm_abnormal=_holm(names, [difference.p_value for difference in abnormal]),
        delong=dict(zip(names, tests, strict=True)),
        delong_holm=_holm(names, [test.p_value for test in tests]),
    )


def _thresholds_by_source(
    matrix: ScoreMatrix, thresholds: Thresholds | None, provenance: ScoresProvenance
) -> ThresholdsBySource:
    """Oracle thresholds, and those from validation where they are given and fit these scores."""
    rule = thresholds.rule if thresholds is not None else "f1"
    oracle = oracle_thresholds(matrix.concepts, matrix.scores, matrix.labels, rule)
    if thresholds is None:
        return {"oracle": oracle}
    thresholds.require_fit(provenance)
    return {"validation": thresholds.values, "oracle": oracle}


def _holm(names: Sequence[str], p_values: Sequence[float]) -> dict[str, float]:
    """Finding -> adjusted p-value."""
    return dict(zip(names, holm(p_values).tolist(), strict=True))


def _scored_by_both(a: ScoreMatrix, b: ScoreMatrix) -> tuple[ScoreMatrix, ScoreMatrix]:
    """Both matrices of scores (N, C) without the scores that only one of them has."""
    missing = np.isnan(a.scores) | np.isnan(b.scores)
    first, second = (replace(side, scores=np.where(missing, np.nan, side.scores)) for side in (a, b))
    return first, second


def _require_identical(a: ScoreMatrix, b: ScoreMatrix, first: str, second: str) -> None:
    """Raise ScoresError unless both matrices are of the same studies, findings, strata and labels."""
    for part in ("concepts", "studies", "patients", "strata", "labels"):
        here, there = np.asarray(getattr(a, part)), np.asarray(getattr(b, part))
        if here.shape != there.shape or not np.array_equal(here, there, equal_nan=part == "labels"):
            raise ScoresError(
                f"'{first}' and '{second}' cannot be compared: their {part} differ ({len(here)} and {len(there)}). "
                "A paired difference needs both models' scores of the same studies under the same labels."
            )

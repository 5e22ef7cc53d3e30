"""Shortcut controls: what is left of a result when the film cannot have told it, and what features tell besides.

A film is taken away (``blank``), or exchanged for that of another patient, of any (``shuffled``) or of one from the
same stratum (``shuffled in stratum``). Then the AUROC within strata must be one half; pooled, the last control keeps
what source and view alone tell by way of the pixels. The score of "no X" must fall where that of "X" rises. And a probe
tries to tell source and view from the features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from radz.errors import MissingExtraError, ScoresError
from radz.eval.permuted_images import BLANK, SHUFFLED, WITHIN
from radz.metrics.bootstrap import bootstrap, percentile_interval
from radz.metrics.evaluation import Estimate, MacroEvaluation
from radz.metrics.finding_ranks import POOLED, any_positive, included, macro, rank_all
from radz.metrics.protocol import MIN_POSITIVES
from radz.metrics.ranking import Floats
from radz.metrics.scores_file import ScoresTable, UncertainPolicy, as_matrix
from radz.metrics.summary import summarise
from radz.types import NORMAL, Study

FOLDS = 5
EXPECTED = {
    BLANK: "every film replaced by an empty one: 0.5",
    SHUFFLED: "every film replaced by another patient's: 0.5",
    WITHIN: "replaced by another patient's of the same source and view: 0.5 in stratum; pooled, what those tell",
}


@dataclass(frozen=True, slots=True)
class FilmControl:
    """A result without the films. passed: whether the interval within strata holds one half."""

    name: str
    expected: str
    macro: MacroEvaluation
    passed: bool


@dataclass(frozen=True, slots=True)
class NegationControl:
    """The sentence that states a finding, the one that denies it, and the pair: pooled AUROC of each.

    The denial's should lie below one half. correlation: of the two sentences' scores over films, Spearman's; -1 where
    one falls as the other rises.
    """

    concept: str
    positive: float
    negative: float
    pair: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Negation:
    """findings: each, and the averages over those of the macro average, with intervals."""

    findings: tuple[NegationControl, ...]
    positive: Estimate
    negative: Estimate
    pair: Estimate
    correlation: float


@dataclass(frozen=True, slots=True)
class Predicted:
    """How well a linear probe of the features tells one value of ``key`` from the others, on patients it never met."""

    key: str
    value: str
    studies: int
    auroc: Estimate


@dataclass(frozen=True, slots=True)
class Controls:
    """notes: control -> why it could not be made."""

    films: tuple[FilmControl, ...] = ()
    negation: Negation | None = None
    predicted: tuple[Predicted, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


def film_controls(
    tables: Mapping[str, ScoresTable], *, draws: int = 1000, seed: int = 0, uncertain: UncertainPolicy = "ignore"
) -> list[FilmControl]:
    """Controls from their scores, by name."""
    made = []
    for name, table in tables.items():
        values = summarise(table, draws=draws, seed=seed, uncertain=uncertain).macro
        bounds = values.auroc_within.interval
        made.append(FilmControl(name, EXPECTED.get(name, ""), values, bool(bounds.low <= 0.5 <= bounds.high)))
    return made


def assess_negation(
    positive: ScoresTable,
    negative: ScoresTable,
    *,
    draws: int = 1000,
    seed: int = 0,
    uncertain: UncertainPolicy = "ignore",
) -> Negation:
    """From scores of the statements alone and of the denials alone, on the same studies."""
    up, down = (as_matrix(_diseases(table), uncertain) for table in (positive, negative))
    if up.concepts != down.concepts or not np.array_equal(up.studies, down.studies):
        raise ScoresError("Statements and denials were scored on other studies or findings: score them together.")
    pair = replace(up, scores=up.scores - down.scores)
    ranks = [rank_all(matrix) for matrix in (up, down, pair)]
    ones = np.ones((len(up.studies), 1))
    alone, denied_alone, paired = ([float(f.pooled.auroc(ones)[0]) for f in side] for side in ranks)
    tied = [_spearman(up.scores[:, j], down.scores[:, j]) for j in range(len(up.concepts))]
    each = zip(up.concepts, alone, denied_alone, paired, tied, strict=True)
    findings = tuple(NegationControl(*values) for values in each)
    averaged = [included(side, MIN_POSITIVES) for side in ranks]
    hit = any_positive(len(up.studies), averaged[0])

    def pooled(weights: Floats) -> Floats:
        return np.stack([macro(side, MIN_POSITIVES)(weights)[POOLED] for side in averaged])

    drawn = bootstrap(pooled, up.patients, hit, draws, seed)
    values = pooled(ones)[:, 0]
    means = [Estimate(float(v), percentile_interval(row)) for v, row in zip(values, drawn, strict=True)]
    kept = [tied[up.concepts.index(finding.concept)] for finding in averaged[0]]
    stated, denied, both = means
    return Negation(findings, stated, denied, both, float(np.mean(kept)) if kept else math.nan)


def predict_metadata(
    features: Mapping[str, Floats], records: Sequence[Study], keys: Sequence[str], *, draws: int, seed: int
) -> list[Predicted]:
    """Each value of each key that has patients enough for five folds on both sides; features: study id -> (E,).

    Raises MissingExtraError without scikit-learn.
    """
    try:
        from radz.eval.probe import mean_auroc, probe
    except ImportError:
        raise MissingExtraError("Predicting source and view", "scikit-learn", "calibration") from None
    known = [record for record in records if record.study_id in features]
    x = np.stack([features[record.study_id] for record in known])[:, None]
    patients = np.array([record.patient_id for record in known])
    made = []
    for key, value in _values(known, keys):
        labels = np.array([record.metadata.get(key, "") == value for record in known], dtype=np.int64)
        if min(len(np.unique(patients[labels == side])) for side in (0, 1)) < FOLDS:
            continue
        statistic = mean_auroc(probe(x, labels, patients, folds=FOLDS, seed=seed), labels, [0], [""] * len(known))
        interval = percentile_interval(bootstrap(statistic, patients, labels, draws, seed)[0])
        estimate = Estimate(float(statistic(np.ones((len(known), 1)))[0, 0]), interval)
        made.append(Predicted(key, value, int(labels.sum()), estimate))
    return made


def _values(records: Sequence[Study], keys: Sequence[str]) -> list[tuple[str, str]]:
    """Keys and values, where there are two at least; of two the one is told as well as the other, so one is enough."""
    chosen = []
    for key in keys:
        values = sorted({record.metadata.get(key, "") for record in records})
        chosen += [(key, value) for value in (values[:1] if len(values) == 2 else values if len(values) > 2 else ())]
    return chosen


def _diseases(table: ScoresTable) -> ScoresTable:
    return replace(table, rows=table.rows[table.rows["concept"] != NORMAL])


def _spearman(first: Floats, second: Floats) -> float:
    from scipy.stats import spearmanr

    known = ~np.isnan(first) & ~np.isnan(second)
    if min(len(np.unique(first[known])), len(np.unique(second[known]))) < 2:
        return math.nan
    return float(spearmanr(first[known], second[known]).statistic)

"""Shortcut controls: how much of a result remains without the image, and what else the features reveal.

An image is replaced by a blank one (``blank``), or by another patient's: any patient's (``shuffled``), or one of the
same stratum (``shuffled in stratum``). The AUROC within strata must then be one half; pooled, the last control keeps
the contribution of source and view. The score of "no X" must fall when that of "X" rises. A probe tries to predict
source and view from the features.
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
from radz.metrics.score_matrix import UncertainPolicy, as_matrix
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import summarise
from radz.types import NORMAL, Study

FOLDS = 5
EXPECTED = {
    BLANK: "every image replaced by a blank one: 0.5",
    SHUFFLED: "every image replaced by another patient's: 0.5",
    WITHIN: "replaced by another patient's of the same source and view: 0.5 within strata; pooled, their effect",
}


@dataclass(frozen=True, slots=True)
class ImageControl:
    """A result without the images. passed: whether the interval within strata contains one half."""

    name: str
    expected: str
    macro: MacroEvaluation
    passed: bool


@dataclass(frozen=True, slots=True)
class NegationControl:
    """The sentence that states a finding, the one that denies it, and the pair: pooled AUROC of each.

    The AUROC of the denial should be below one half. correlation: Spearman's, between the scores of the two sentences
    over images; -1 where one falls as the other rises.
    """

    concept: str
    positive: float
    negative: float
    pair: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Negation:
    """Each finding, and means with intervals over the findings of the macro average."""

    findings: tuple[NegationControl, ...]
    positive: Estimate
    negative: Estimate
    pair: Estimate
    correlation: float


@dataclass(frozen=True, slots=True)
class Predicted:
    """AUROC of a linear probe that predicts one value of ``key`` from the features, on held-out patients."""

    key: str
    value: str
    studies: int
    auroc: Estimate


@dataclass(frozen=True, slots=True)
class Controls:
    """All controls of one evaluation. notes: control -> why it could not be computed."""

    images: tuple[ImageControl, ...] = ()
    negation: Negation | None = None
    predicted: tuple[Predicted, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


def image_controls(
    tables: Mapping[str, ScoresTable], *, draws: int = 1000, seed: int = 0, uncertain: UncertainPolicy = "ignore"
) -> list[ImageControl]:
    """The image controls from their tables of scores, by name."""
    controls = []
    for name, table in tables.items():
        values = summarise(table, draws=draws, seed=seed, uncertain=uncertain).macro
        bounds = values.auroc_within.interval
        passed = bool(bounds.low <= 0.5 <= bounds.high)
        controls.append(ImageControl(name, EXPECTED.get(name, ""), values, passed))
    return controls


def assess_negation(
    positive: ScoresTable,
    negative: ScoresTable,
    *,
    draws: int = 1000,
    seed: int = 0,
    uncertain: UncertainPolicy = "ignore",
) -> Negation:
    """How denials behave, from scores of the statements alone and of the denials alone on the same studies."""
    up, down = (as_matrix(_diseases(table), uncertain) for table in (positive, negative))
    if up.concepts != down.concepts or not np.array_equal(up.studies, down.studies):
        raise ScoresError("Statements and denials were scored on different studies or findings: score them together.")
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
    correlations = [tied[up.concepts.index(finding.concept)] for finding in averaged[0]]
    stated, denied, both = means
    return Negation(findings, stated, denied, both, float(np.mean(correlations)) if correlations else math.nan)


def predict_metadata(
    features: Mapping[str, Floats], records: Sequence[Study], keys: Sequence[str], *, draws: int, seed: int
) -> list[Predicted]:
    """AUROC of predicting each value of each metadata key from features, study id -> (E,).

    Values with fewer than five patients, or all but five, are left out. Raises MissingExtraError without scikit-learn.
    """
    try:
        from radz.eval.probe import mean_auroc, probe
    except ImportError:
        raise MissingExtraError("Predicting source and view", "scikit-learn", "calibration") from None
    known = [record for record in records if record.study_id in features]
    x = np.stack([features[record.study_id] for record in known])[:, None]
    patients = np.array([record.patient_id for record in known])
    predictions = []
    for key, value in _values(known, keys):
        labels = np.array([record.metadata.get(key, "") == value for record in known], dtype=np.int64)
        if min(len(np.unique(patients[labels == side])) for side in (0, 1)) < FOLDS:
            continue
        statistic = mean_auroc(probe(x, labels, patients, folds=FOLDS, seed=seed), labels, [0], [""] * len(known))
        interval = percentile_interval(bootstrap(statistic, patients, labels, draws, seed)[0])
        estimate = Estimate(float(statistic(np.ones((len(known), 1)))[0, 0]), interval)
        predictions.append(Predicted(key, value, int(labels.sum()), estimate))
    return predictions


def _values(records: Sequence[Study], keys: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of key and value, where a key has at least two values; of two values one is enough."""
    chosen = []
    for key in keys:
        values = sorted({record.metadata.get(key, "") for record in records})
        chosen += [(key, value) for value in (values[:1] if len(values) == 2 else values if len(values) > 2 else ())]
    return chosen


def _diseases(table: ScoresTable) -> ScoresTable:
    return replace(table, rows=table.rows[table.rows["concept"] != NORMAL])


def _spearman(first: Floats, second: Floats) -> float:
    """Rank correlation of scores (N,) and (N,), NaN where either is constant."""
    from scipy.stats import spearmanr

    known = ~np.isnan(first) & ~np.isnan(second)
    if min(len(np.unique(first[known])), len(np.unique(second[known]))) < 2:
        return math.nan
    return float(spearmanr(first[known], second[known]).statistic)

"""How well scores rank the findings of one study: does the top of its list hold a finding that is present?

AUROC compares studies and ignores the order inside one. A person who reads the result of one image sees only that
order. Two lists that know nothing of the image show what it is worth: the same list for every study, in the order of
how frequent the findings are elsewhere, and a random order, whose values are exact expectations.

Studies without a present finding have no value and are left out. A finding without label or score is left out of the
list of its study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from radz.metrics.bootstrap import Difference, bootstrap, paired_differences, percentile_interval
from radz.metrics.evaluation import Estimate
from radz.metrics.protocol import DRAWS
from radz.metrics.ranking import Floats
from radz.metrics.score_matrix import ScoreMatrix

TOPS = (1, 3, 5)
METRICS = (*(f"hit_{top}" for top in TOPS), "lrap")
"""Hit rates: share of studies with a present finding among the first rows. Label ranking average precision."""
CONSTANT = "constant list"
RANDOM = "random order"


@dataclass(frozen=True, slots=True)
class RankingEvaluation:
    """One way to order the findings. estimates: metric -> value. gains: metric -> minus the constant list's."""

    name: str
    estimates: Mapping[str, Estimate]
    gains: Mapping[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageRankings:
    """Rankings of the same ``concepts`` on the same studies, those that show a finding.

    present: mean number of present findings per study. constant: the order of the constant list. frequency_of: whose
    frequencies order it, or why there is no such list.
    """

    studies: int
    patients: int
    concepts: tuple[str, ...]
    present: float
    rankings: tuple[RankingEvaluation, ...]
    constant: tuple[str, ...]
    frequency_of: str


def rank_findings(
    matrix: ScoreMatrix,
    rankings: Mapping[str, Floats],
    frequency: Mapping[str, float],
    frequency_of: str,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> ImageRankings | None:
    """Evaluate rankings, name -> scores (N, C), next to the constant list and a random order.

    frequency: concept -> how frequent it is elsewhere, 0 where not listed; without any there is no constant list.
    ``None`` if fewer than two findings are scored or no study shows one.
    """
    usual = np.array([frequency.get(concept, 0.0) for concept in matrix.concepts])
    scores = {**rankings, **({CONSTANT: np.broadcast_to(usual, matrix.labels.shape)} if frequency else {})}
    known = ~np.isnan(matrix.labels) & ~np.isnan(np.stack([*scores.values()])).any(axis=0)
    present = known & (matrix.labels == 1)
    shown = present.any(axis=1)
    if len(matrix.concepts) < 2 or not shown.any():
        return None
    present, known, patients = present[shown], known[shown], matrix.patients[shown]
    values = {name: ranking_values(each[shown], present, known) for name, each in scores.items()}
    values[RANDOM] = random_values(present, known)
    return ImageRankings(
        studies=len(patients),
        patients=len(np.unique(patients)),
        concepts=matrix.concepts,
        present=float(present.sum(axis=1).mean()),
        rankings=tuple(_evaluated(name, values, patients, draws, seed) for name in values),
        constant=tuple(matrix.concepts[j] for j in np.argsort(-usual, kind="stable")) if frequency else (),
        frequency_of=frequency_of,
    )


def ranking_values(scores: Floats, present: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """METRICS of each study, (N, 4), from scores, present and known (N, C); only known findings are ranked.

    Hit rates are expectations over a random order of tied findings. Precision counts ties against the ranking, as
    scikit-learn's ``label_ranking_average_precision_score`` does, which gives no value per study to resample.
    """
    ranked = np.where(known, scores, -np.inf)
    hits = [_hits(ranked, present, top) for top in TOPS]
    return np.stack([*hits, _precision(ranked, present)], axis=1)


def random_values(present: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """Expected METRICS of each study under a random order, (N, 4), from present and known (N, C)."""
    hits = ranking_values(np.zeros(present.shape), present, known)[:, :-1]
    count, positives = known.sum(axis=1), present.sum(axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, known.shape[1] + 1))])[count]
    others = (positives - 1) / np.maximum(count - 1, 1)  # chance that a finding above a present one is present
    precision = (harmonic + (count - harmonic) * others) / count
    return np.column_stack([hits, precision])


def _hits(ranked: Floats, present: NDArray[np.bool_], top: int) -> Floats:
    """Chance of a present finding among the first ``top``, (N,), from ranked, present (N, C)."""
    top = min(top, ranked.shape[1])
    last = -np.partition(-ranked, top - 1, axis=1)[:, [top - 1]]
    above, tied = ranked > last, ranked == last
    none_tied = hypergeom.pmf(0, tied.sum(axis=1), (present & tied).sum(axis=1), top - above.sum(axis=1))
    hits: Floats = np.where((present & above).any(axis=1), 1.0, 1.0 - none_tied)
    return hits


def _precision(ranked: Floats, present: NDArray[np.bool_]) -> Floats:
    """Mean over the present findings of the share of present ones down to their rank, (N,)."""
    total = np.zeros(len(ranked))
    for column in range(ranked.shape[1]):
        down_to = ranked >= ranked[:, [column]]
        total += present[:, column] * (present & down_to).sum(axis=1) / down_to.sum(axis=1)
    precision: Floats = total / present.sum(axis=1)
    return precision


def _evaluated(
    name: str, values: Mapping[str, Floats], patients: NDArray[np.str_], draws: int, seed: int
) -> RankingEvaluation:
    """Means of the values (N, 4) of one ranking with intervals over patients (N,), and gains over the constant list."""
    one_group = np.zeros(len(patients), dtype=bool)
    drawn = bootstrap(partial(_means, values[name]), patients, one_group, draws, seed)
    estimates = {
        metric: Estimate(float(value), percentile_interval(row))
        for metric, value, row in zip(METRICS, values[name].mean(axis=0), drawn, strict=True)
    }
    if CONSTANT not in values or name == CONSTANT:
        return RankingEvaluation(name, estimates)
    first, second = (partial(_means, values[each]) for each in (name, CONSTANT))
    gains = paired_differences(first, second, patients, one_group, draws=draws, seed=seed)
    return RankingEvaluation(name, estimates, dict(zip(METRICS, gains, strict=True)))


def _means(values: Floats, weights: Floats) -> Floats:
    """Values (N, M) and weights (N, R) -> weighted means (M, R)."""
    means: Floats = values.T @ weights / weights.sum(axis=0)
    return means

"""AUROC of each finding by the spectrum of its negatives: normal studies, another finding, a named rival.

A model can be good against healthy studies and useless against sick ones, which a single AUROC hides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radz.metrics.evaluation import Estimate
from radz.metrics.finding_evaluation import SummaryOptions
from radz.metrics.finding_ranks import estimates
from radz.metrics.protocol import DRAWS, MIN_POSITIVES
from radz.metrics.ranking import Ranking
from radz.metrics.score_matrix import ScoreMatrix, UncertainPolicy, as_matrix, without_normal
from radz.metrics.scores_file import ScoresTable

NORMAL_STUDIES = "normal"
ANOTHER_FINDING = "another finding"


@dataclass(frozen=True, slots=True)
class SpectrumEvaluation:
    """One finding against one kind of negatives, within strata.

    against: ``NORMAL_STUDIES``, ``ANOTHER_FINDING`` or the name of a rival finding. positives: those whose stratum also
    holds such a negative. negatives: all of that kind.
    """

    concept: str
    against: str
    positives: int
    negatives: int
    auroc: Estimate


def evaluate_spectrum(
    table: ScoresTable,
    rivals: Mapping[str, Sequence[str]] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    uncertain: UncertainPolicy = "ignore",
) -> tuple[SpectrumEvaluation, ...]:
    """Each finding against normal studies, studies with another finding, and studies with each of its rivals.

    rivals: concept -> findings that it is confused with. A rival that is not in the table is skipped.
    """
    matrix = as_matrix(without_normal(table), uncertain)
    options = SummaryOptions(draws, seed, MIN_POSITIVES)
    return tuple(
        _evaluate(matrix, column, against, chosen, options)
        for column, concept in enumerate(matrix.concepts)
        for against, chosen in _kinds(matrix, (rivals or {}).get(concept, ())).items()
    )


def _kinds(matrix: ScoreMatrix, rivals: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Kind of negatives -> studies of that kind, (N,) bool."""
    kinds = {NORMAL_STUDIES: ~matrix.abnormal, ANOTHER_FINDING: matrix.abnormal}
    known = [rival for rival in rivals if rival in matrix.concepts]
    return kinds | {rival: matrix.labels[:, matrix.concepts.index(rival)] == 1 for rival in known}


def _evaluate(
    matrix: ScoreMatrix, column: int, against: str, chosen: NDArray[np.bool_], options: SummaryOptions
) -> SpectrumEvaluation:
    """The finding in ``column`` against the negatives among the ``chosen`` (N,) studies."""
    labels = matrix.labels[:, column]
    ranking = Ranking.of(matrix.scores[:, column], np.where((labels == 0) & ~chosen, np.nan, labels), matrix.strata)
    seed = options.seed_of(f"{matrix.concepts[column]} against {against}")
    (auroc,) = estimates(lambda w: ranking.auroc(w)[None], matrix.patients, labels == 1, options.draws, seed)
    return SpectrumEvaluation(matrix.concepts[column], against, ranking.comparable, ranking.negatives, auroc)

"""The fixed choices of an evaluation, and a hash of everything that turns scores into numbers."""

from __future__ import annotations

from collections.abc import Sequence

from radz.metrics.finding_ranks import METRICS
from radz.metrics.score_matrix import UncertainPolicy
from radz.metrics.thresholds import Thresholds
from radz.storage import content_hash

VERSION = 2
"""Raised with every change of the metrics; 2 added A, the AUROC against abnormal negatives."""
DRAWS = 1000
MIN_POSITIVES = 10
"""A finding with fewer comparable positives is shown but left out of the macro average."""


def protocol_hash(
    strata: Sequence[str],
    draws: int,
    seed: int,
    min_positives: int,
    uncertain: UncertainPolicy,
    *,
    thresholds: Thresholds | None = None,
) -> str:
    """Hash of every choice of the evaluation, 12 hexadecimal digits. Numbers with equal hashes can be compared."""
    choices = {
        "version": VERSION,
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
    return content_hash(choices)[:12]

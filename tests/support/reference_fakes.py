"""Reference statistics of two findings: scores of 120 images, AP from 0 to 1, PA from 10 to 11."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration_fakes import make_anchors, validation
from radz.calibration.reference import ReferenceStatistics, fit_reference
from radz.metrics.scores_file import ScoresProvenance
from radz.types import Anchors

SIXTY = np.linspace(0, 1, 60)


def provenance(split: str = "val") -> ScoresProvenance:
    return replace(validation().provenance, split=split)


def reference(anchors: Anchors | None = None, split: str = "val") -> ReferenceStatistics:
    """The same scores for each of the anchors."""
    anchors = anchors or make_anchors()
    scores = np.tile(np.concatenate([SIXTY, SIXTY + 10])[:, None], len(anchors.concepts))
    views = ["AP"] * 60 + ["PA"] * 60
    return fit_reference(scores, views, [f"p{i // 2}" for i in range(120)], anchors, provenance(split))

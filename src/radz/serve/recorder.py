"""A model that remembers what films look like while it scores them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radz.metrics.ranking import Floats
from radz.model.encoder import Encoder
from radz.types import Anchors, Scores, Study


class Recorder:
    """``ZeroShotModel`` over another one. looks: study id -> (E,) float64 of each film it was shown."""

    def __init__(self, model: Encoder) -> None:
        self.model, self.name = model, model.name
        self.looks: dict[str, Floats] = {}

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """As the model scores them, values (B, C), in one forward pass."""
        features = self.model.encode(studies)
        assert features.appearance is not None
        self.looks |= dict(zip(features.study_ids, features.appearance.astype(np.float64), strict=True))
        return self.model.similarity(features, anchors)

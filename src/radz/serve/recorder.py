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
        ids = tuple(study.study_id for study in studies)
        films = [study.pixels for study in studies if study.pixels is not None]
        values, looks = self.model.compare_and_look(films, anchors)
        self.looks |= dict(zip(ids, looks.astype(np.float64), strict=True))
        return Scores(ids, anchors.concepts, values)

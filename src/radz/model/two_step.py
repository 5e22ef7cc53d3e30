"""``score`` for models that encode an image once and then compare it with any number of anchors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from radz.errors import ImageError
from radz.types import Anchors, ImageFeatures, Pixels, Scores, Study


class TwoStep(ABC):
    """Mixin: ``score`` from ``encode`` and ``similarity``, ``batch_size`` images at a time."""

    batch_size: int = 16

    @abstractmethod
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Studies with pixels -> features, (B, E) each, order kept. Raises ImageError for a study without pixels."""

    @abstractmethod
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Features of B images against ``anchors`` -> values (B, C), order kept."""

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Score every concept of ``anchors`` in every study: values (B, C), order kept."""
        parts = [
            self.similarity(self.encode(studies[start : start + self.batch_size]), anchors)
            for start in range(0, len(studies), self.batch_size)
        ]
        values = [np.zeros((0, len(anchors)), dtype=np.float32), *(part.values for part in parts)]
        notes = {name: note for part in parts for name, note in part.notes.items()}
        return Scores(tuple(study.study_id for study in studies), anchors.concepts, np.concatenate(values), notes)


def pixels_of(studies: Sequence[Study]) -> list[Pixels]:
    """The image of each study, (1, h, w). Raises ImageError if one was not read."""
    images = [study.pixels for study in studies if study.pixels is not None]
    if len(images) != len(studies):
        missing = next(study.study_id for study in studies if study.pixels is None)
        raise ImageError(f"Study {missing} has no pixels. Read it through its corpus: corpus[i].")
    return images

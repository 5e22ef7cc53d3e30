"""Random scores: a uniform number from (seed, study, concept). The floor of every table."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from radz.baselines._opening import BaselineContext, no_checkpoint
from radz.types import Anchors, Scores, Study


class Chance:
    """Uniform scores in [0, 1), the same for the same study and concept whatever else is scored."""

    name = "chance"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @classmethod
    def open(cls, checkpoint: str | None, context: BaselineContext, *, seed: int = 0) -> Chance:
        """The baseline; it has no weights."""
        no_checkpoint(cls.name, checkpoint)
        return cls(seed)

    @classmethod
    def example(cls, train: Sequence[Study]) -> Chance:
        """One for the contract test."""
        return cls()

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Values (B, C) in [0, 1)."""
        values = [[self._uniform(study.study_id, concept) for concept in anchors.concepts] for study in studies]
        array = np.array(values, dtype=np.float32).reshape(len(studies), len(anchors))
        return Scores(tuple(study.study_id for study in studies), anchors.concepts, array)

    def _uniform(self, study_id: str, concept: str) -> float:
        digest = blake2b(f"{self.seed}\0{study_id}\0{concept}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 40) / 2**24  # 24 bits: exact in float32, never rounded up to 1


plugin = Chance

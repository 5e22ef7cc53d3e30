"""``score`` of every dual encoder: a film and a sentence become unit vectors, their cosine is what is known.

The score is the cosine with what states a finding less the cosine with what denies it. The softmax over the two, at
any temperature, orders films in the same way, without the ties that a steep one makes of large differences.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from radz.baselines._films import as_picture, best_device, score_in_batches
from radz.baselines._opening import BaselineContext, one_of, required
from radz.baselines._prompts import GIVEN, STATEMENT, PromptSet, Sentences, Template, prompt_set
from radz.types import Anchors, Pixels, Scores, Study

Rule = Literal["pair", "positive"]
RULES = ("pair", "positive")
TEXTS_AT_ONCE = 64


class DualEncoder(ABC):
    """A baseline that has ``encode_films`` and ``encode_texts``.

    name: as its file. checkpoint: the one that is taken where nobody names one. published: its authors' prompt.
    """

    name: ClassVar[str]
    checkpoint: ClassVar[str | None] = None
    published: ClassVar[Template] = STATEMENT

    def __init__(self, source: str, *, prompts: str = GIVEN, rule: str = "pair", batch_size: int = 16) -> None:
        """prompts: as in ``_prompts``. rule: ``pair`` compares with the denial, ``positive`` leaves it out."""
        self.prompts, self.batch_size = prompts, batch_size
        self.rule = cast(Rule, one_of("rule", rule, RULES))
        self.device = best_device()
        self._encoded: tuple[PromptSet, Tensor, Tensor] | None = None
        self.load(source)

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        around: BaselineContext,
        *,
        prompts: str = GIVEN,
        rule: str = "pair",
        batch_size: int = 16,
    ) -> Self:
        """The baseline over ``checkpoint``."""
        source = required(cls.name, checkpoint or cls.checkpoint)
        return cls(source, prompts=prompts, rule=rule, batch_size=batch_size)

    @abstractmethod
    def load(self, source: str) -> None:
        """Read weights and preprocessing from ``source``."""

    @abstractmethod
    def encode_films(self, pictures: Sequence[Image.Image]) -> Tensor:
        """RGB pictures -> features (B, E), of any norm."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences -> features (N, E), of any norm."""

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Cosine with each concept's statement, less that with its denial: values (B, C) in [-2, 2]."""
        positive, negative = self._rows(prompt_set(anchors, self.prompts, self.published))
        rows = positive if self.rule == "positive" else positive - negative

        def compare(films: list[Pixels]) -> NDArray[np.float32]:
            pictures = [as_picture(film) for film in films]
            values: NDArray[np.float32] = (unit(self.encode_films(pictures)) @ rows.T).cpu().numpy()
            return values

        return score_in_batches(studies, anchors, self.batch_size, compare)

    def _rows(self, prompts: PromptSet) -> tuple[Tensor, Tensor]:
        """Unit rows (C, E) of statements and of denials; the last ones are kept."""
        if self._encoded is None or self._encoded[0] != prompts:
            texts = prompts.sentences
            parts = [texts[i : i + TEXTS_AT_ONCE] for i in range(0, len(texts), TEXTS_AT_ONCE)]
            encoded = dict(zip(texts, torch.cat([unit(self.encode_texts(part)) for part in parts]), strict=True))
            self._encoded = (prompts, mean_rows(prompts.positive, encoded), mean_rows(prompts.negative, encoded))
        return self._encoded[1:]


def mean_rows(groups: Sequence[Sentences], encoded: dict[str, Tensor]) -> Tensor:
    """Each concept's sentences averaged and brought to unit norm again: (C, E)."""
    return unit(torch.stack([torch.stack([encoded[text] for text in group]).mean(0) for group in groups]))


def unit(features: Tensor) -> Tensor:
    """Rows of norm 1 in float32."""
    return F.normalize(features.float(), dim=-1)

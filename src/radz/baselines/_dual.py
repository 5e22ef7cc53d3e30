"""Every dual encoder: an image and a sentence become unit vectors, and their cosine is the score.

The score is the cosine with what states a finding less the cosine with what denies it. The softmax over the two, at
any temperature, orders images in the same way, without the ties that a steep one makes of large differences.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import torch
from PIL import Image
from torch import Tensor, nn

from radz.baselines._images import best_device, image_features, rgb_images
from radz.baselines._opening import BaselineContext, required
from radz.baselines._prompts import GIVEN, STATEMENT, Template, prompt_set
from radz.baselines._text_rows import TextRows, unit
from radz.model.two_step import TwoStep
from radz.types import Anchors, ImageFeatures, Scores, Study


class DualEncoder(TwoStep):
    """A baseline that has ``encode_images`` and ``encode_texts``.

    name: as its file. checkpoint: the default one. published: its authors' prompt.
    """

    name: ClassVar[str]
    checkpoint: ClassVar[str | None] = None
    published: ClassVar[Template] = STATEMENT

    def __init__(self, source: str, *, prompts: str = GIVEN, rule: str = "pair", batch_size: int = 16) -> None:
        """prompts: as in ``_prompts``. rule: ``pair`` compares with the denial, ``positive`` leaves it out."""
        self.prompts, self.batch_size = prompts, batch_size
        self.text_rows = TextRows(self.encode_texts, rule)
        self.device = best_device()
        self.load(source)

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        context: BaselineContext,
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
    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""

    @abstractmethod
    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """B RGB images -> features (B, E), of any norm."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> features (N, E), of any norm."""

    @torch.inference_mode()
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Unit embeddings (B, E). Raises ImageError for a study without pixels."""
        return image_features(studies, unit(self.encode_images(rgb_images(studies))))

    @torch.inference_mode()
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Cosine with each concept's statement, less that with its denial: values (B, C) in [-2, 2]."""
        rows = self.text_rows(prompt_set(anchors, self.prompts, self.published))
        return Scores(features.study_ids, anchors.concepts, (features.embedding @ rows.T).numpy())

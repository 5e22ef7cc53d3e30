"""A RadZ model behind the two-step interface that evaluation and service know."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from radz.model.attention import image_similarity
from radz.model.radz import RadZ
from radz.model.two_step import TwoStep, pixels_of
from radz.types import ALIGNED_PAIRS, Anchors, Features, ImageBatch, ImageFeatures, Scores, Study

TEXTS_AT_ONCE = 64


class Encoder(TwoStep):
    """Images and texts to one feature space: one forward pass per image, whatever the number of concepts."""

    name = "radz"

    def __init__(self, model: RadZ, batch_size: int = 16) -> None:
        self.model, self.batch_size = model.eval(), batch_size
        self.granularity = model.config.readout.granularity
        self.temperature = model.config.readout.attention_temperature
        self.device = next(model.parameters()).device

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.model]

    @torch.inference_mode()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Texts (N,) -> unit features (N, E), on the CPU."""
        parts = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            prompt = self.model.processor.text_prompt(texts[start : start + TEXTS_AT_ONCE])
            features: Features = self.model(texts=prompt.to(self.device))
            parts.append(features.text_embedding(self.granularity).cpu())
        return torch.cat(parts)

    @torch.inference_mode()
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Studies with pixels (1, h, w) in [0, 1] -> unit embeddings (B, E) and what else one forward pass gives.

        Where pooling is attention, the local part of an embedding is read with the learned query, and ``positions``
        lets each concept read the patches with its own query. Raises ImageError for a study without pixels.
        """
        processor = self.model.processor
        pixel_values = processor.pixel_values(pixels_of(studies)).to(self.device)
        tower_states, appearance = self.model.appearance(pixel_values)
        images = ImageBatch(processor.image_prompt(len(studies)), tower_states, encoded=True)
        features: Features = self.model(images.to(self.device))
        return ImageFeatures(
            study_ids=tuple(study.study_id for study in studies),
            embedding=features.image_embedding(self.granularity).cpu(),
            positions=None if features.image_positions is None else features.image_positions.cpu(),
            appearance=appearance.cpu().numpy(),
            tower=tower_states.float().mean(1).cpu(),
        )

    @torch.inference_mode()
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Similarity to each anchor (C, E), less that to its denial where there is one: (B, C) in [-2, 2].

        Where pooling is attention, each anchor reads the patches with its own query, and so does its denial.
        """
        values = self._cosines(features, anchors.positive)
        if anchors.negative is not None:
            values = values - self._cosines(features, anchors.negative)
        array: NDArray[np.float32] = values.float().cpu().numpy()
        return Scores(features.study_ids, anchors.concepts, array)

    def _cosines(self, features: ImageFeatures, rows: Tensor) -> Tensor:
        """Embeddings (B, E) against rows (C, E) -> (B, C)."""
        rows = rows.detach()
        if features.positions is None:
            return features.embedding @ rows.to(features.embedding.device).T
        return image_similarity(self._parts(features), rows.to(self.device), self.granularity, self.temperature)

    def _parts(self, features: ImageFeatures) -> Features:
        """The aligned parts (B, D) that an embedding (B, E) consists of, and the patches (B, P, D), on the device."""
        assert features.positions is not None
        names = [image for image, _ in ALIGNED_PAIRS[self.granularity]]
        parts = features.embedding.to(self.device).chunk(len(names), dim=-1)
        whole = {name: part * math.sqrt(len(names)) for name, part in zip(names, parts, strict=True)}
        return Features(**whole, image_positions=features.positions.to(self.device))

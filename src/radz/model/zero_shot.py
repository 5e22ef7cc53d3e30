"""A RadZ model behind the one interface that evaluation and service know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.model.radz import RadZ
from radz.types import Anchors, Batch, Features, Pixels, Scores, Study


class RadzZeroShot:
    """``ZeroShotModel`` over features: one forward per image, whatever the number of concepts."""

    name = "radz"

    def __init__(self, model: RadZ, batch_size: int = 16) -> None:
        self.model, self.batch_size = model.eval(), batch_size
        self.granularity = model.config.readout.granularity
        self.device = next(model.parameters()).device

    @torch.inference_mode()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Texts (N,) -> unit features (N, E), on the CPU."""
        parts = []
        for start in range(0, len(texts), 64):
            prompt = self.model.processor.text_prompt(texts[start : start + 64])
            features: Features = self.model(Batch(text_prompt=prompt).to(self.device))
            parts.append(features.text_embedding(self.granularity).cpu())
        return torch.cat(parts)

    @torch.inference_mode()
    def encode_images(self, films: Sequence[Pixels]) -> Tensor:
        """Films (1, H, W) in [0, 1] -> unit features (B, E), on the CPU."""
        processor = self.model.processor
        batch = Batch(image_prompt=processor.image_prompt(len(films)), pixel_values=processor.pixel_values(films))
        features: Features = self.model(batch.to(self.device))
        return features.image_embedding(self.granularity).cpu()

    @torch.inference_mode()
    def pool_films(self, films: Sequence[Pixels]) -> Tensor:
        """Films (1, H, W) -> the mean of the tower's states, (B, V): what the tower alone knows."""
        pixel_values = self.model.processor.pixel_values(films).to(self.device)
        return self.model.tower_states(pixel_values).float().mean(1).cpu()

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Similarity to each anchor, less that to its denial where the strategy has one: values (B, C)."""
        ids: list[str] = []
        rows: list[NDArray[np.float32]] = [np.zeros((0, len(anchors)), dtype=np.float32)]
        for batch in _batches(studies, self.batch_size):
            ids += [study.study_id for study in batch]
            films = [study.pixels for study in batch if study.pixels is not None]
            rows.append(similarity(self.encode_images(films), anchors))
        return Scores(tuple(ids), anchors.concepts, np.concatenate(rows))


def similarity(images: Tensor, anchors: Anchors) -> NDArray[np.float32]:
    """Image features (B, E) against anchors (C, E) -> (B, C) float32 in [-2, 2] with denials, else [-1, 1]."""
    values = images @ anchors.positive.detach().to(images.device).T
    if anchors.negative is not None:
        values = values - images @ anchors.negative.detach().to(images.device).T
    array: NDArray[np.float32] = values.float().numpy()
    return array


def _batches(studies: Sequence[Study], size: int) -> Iterator[list[Study]]:
    for start in range(0, len(studies), size):
        yield [studies[i] for i in range(start, min(start + size, len(studies)))]

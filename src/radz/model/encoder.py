"""A RadZ model behind the one interface that evaluation and service know."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.errors import ConfigError
from radz.model.attention import concept_maps, image_similarity
from radz.model.radz import RadZ
from radz.types import Anchors, Batch, Features, Pixels, Scores, Study


class Encoder:
    """``ZeroShotModel`` over features: one forward per image, whatever the number of concepts."""

    name = "radz"

    def __init__(self, model: RadZ, batch_size: int = 16) -> None:
        self.model, self.batch_size = model.eval(), batch_size
        self.granularity = model.config.readout.granularity
        self.temperature = model.config.readout.attention_temperature
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
        """Films (1, H, W) in [0, 1] -> unit features (B, E), on the CPU; local ones read with the learned query."""
        return self._features(films).image_embedding(self.granularity).cpu()

    @torch.inference_mode()
    def compare(self, films: Sequence[Pixels], anchors: Anchors) -> NDArray[np.float32]:
        """Films (1, H, W) against anchors (C, E) -> (B, C), one forward pass for any number of them.

        Where pooling is attention each anchor reads the patches with its own query, and so does its denial.
        """
        return self._similarity(self._features(films), anchors)

    @torch.inference_mode()
    def compare_and_look(
        self, films: Sequence[Pixels], anchors: Anchors
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What ``compare`` gives, (B, C), and what the films look like, (B, E), from one forward pass."""
        processor = self.model.processor
        states, looks = self.model.look(processor.pixel_values(films).to(self.device))
        batch = Batch(image_prompt=processor.image_prompt(len(films)), tower_states=states)
        shown: NDArray[np.float32] = looks.cpu().numpy()
        return self._similarity(self.model(batch.to(self.device)), anchors), shown

    @torch.inference_mode()
    def maps(self, films: Sequence[Pixels], anchors: Anchors) -> NDArray[np.float32]:
        """Where each concept looks: (B, C, h, w) over the patch grid, rows of the film from the top, of sum 1 each.

        Raises ConfigError for a model whose pooling is the mean, or whose patches form no square.
        """
        positions = self._features(films).image_positions
        if positions is None:
            raise ConfigError(
                "This model pools patches by their mean and has no maps: train with model.readout.pooling=attention."
            )
        rows = anchors.positive.detach().to(positions.device)
        weights = concept_maps(positions, rows, self.granularity, self.temperature)  # (B, C, P)
        grid: NDArray[np.float32] = weights.cpu().numpy().reshape(*weights.shape[:2], *self._grid(weights.shape[2]))
        return grid

    @property
    def one_vector(self) -> bool:
        """Whether a film is one vector for all concepts; not so where each of them reads the patches on its own."""
        return self.model.readout.queries is None

    def _features(self, films: Sequence[Pixels]) -> Features:
        processor = self.model.processor
        batch = Batch(image_prompt=processor.image_prompt(len(films)), pixel_values=processor.pixel_values(films))
        features: Features = self.model(batch.to(self.device))
        return features

    def _similarity(self, features: Features, anchors: Anchors) -> NDArray[np.float32]:
        if features.image_positions is None:
            return similarity(features.image_embedding(self.granularity).cpu(), anchors)
        sides = [side for side in (anchors.positive, anchors.negative) if side is not None]
        positive, *negative = (
            image_similarity(features, side.detach().to(self.device), self.granularity, self.temperature)
            for side in sides
        )
        values: NDArray[np.float32] = (positive - negative[0] if negative else positive).float().cpu().numpy()
        return values

    def _grid(self, patches: int) -> tuple[int, int]:
        side = math.isqrt(patches)
        if side * side != patches:
            raise ConfigError(
                f"The tower's {patches} positions form no square grid, so there is no map over the image."
            )
        return side, side

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
            rows.append(self.compare(films, anchors))
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

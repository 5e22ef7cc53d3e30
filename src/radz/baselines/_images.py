"""Images as a baseline takes them, and the loop over batches for those that read image and words together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from radz.model.two_step import pixels_of
from radz.types import Anchors, ImageFeatures, Pixels, Scores, Study

ScoreImages = Callable[[list[Pixels]], NDArray[np.float32]]
"""Images (1, h, w) -> (B, C)."""


def score_in_batches(studies: Sequence[Study], anchors: Anchors, size: int, score_images: ScoreImages) -> Scores:
    """Scores (B, C) of ``studies`` in order, ``size`` at a time. Raises ImageError for a study without pixels."""
    parts = [score_images(pixels_of(studies[start : start + size])) for start in range(0, len(studies), size)]
    values = np.concatenate([np.zeros((0, len(anchors)), dtype=np.float32), *parts]).astype(np.float32)
    return Scores(ids_of(studies), anchors.concepts, values)


def image_features(studies: Sequence[Study], embedding: Tensor, positions: Tensor | None = None) -> ImageFeatures:
    """Features of ``studies`` from embeddings (B, E) and positions (B, P, E) on any device."""
    return ImageFeatures(ids_of(studies), embedding.cpu(), None if positions is None else positions.cpu())


def ids_of(studies: Sequence[Study]) -> tuple[str, ...]:
    """The id of each study, in order."""
    return tuple(study.study_id for study in studies)


def rgb_images(studies: Sequence[Study]) -> list[Image.Image]:
    """The image of each study as ``as_rgb_image`` gives it. Raises ImageError for a study without pixels."""
    return [as_rgb_image(pixels) for pixels in pixels_of(studies)]


def as_rgb_image(pixels: Pixels) -> Image.Image:
    """(1, h, w) in [0, 1] -> 8-bit RGB, bright = dense: the input of these models' preprocessing."""
    grey = np.clip(np.rint(pixels[0] * 255), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def best_device() -> torch.device:
    """An accelerator where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

"""The attention of each concept over the patch grid, for models whose pooling is attention."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from radz.errors import ConfigError
from radz.model.attention import concept_maps
from radz.model.encoder import Encoder
from radz.types import Anchors, ImageFeatures


@torch.inference_mode()
def attention_maps(encoder: Encoder, features: ImageFeatures, anchors: Anchors) -> NDArray[np.float32]:
    """Weights of the patches for each concept: (B, C, h, w), rows of the image from the top, each map of sum 1.

    A map shows what the score was read from, which need not be where a lesion lies. Raises ConfigError for a model
    whose pooling is the mean, or whose patches form no square.
    """
    if features.positions is None:
        raise ConfigError(
            "This model pools patches by their mean and has no maps: train with model.readout.pooling=attention."
        )
    weights = concept_maps(
        features.positions, anchors.positive.detach().cpu(), encoder.granularity, encoder.temperature
    )
    grid: NDArray[np.float32] = weights.numpy().reshape(*weights.shape[:2], *_square(weights.shape[2]))
    return grid


def _square(patches: int) -> tuple[int, int]:
    side = math.isqrt(patches)
    if side * side != patches:
        raise ConfigError(f"The tower's {patches} positions form no square grid, so there is no map over the image.")
    return side, side

"""The attention of each concept over the patch grid, for models whose pooling is attention."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from radz.errors import ConfigError
from radz.model.attention import aligned_parts, attend


@torch.inference_mode()
def attention_maps(
    positions: Tensor | None, anchors: Tensor, granularity: str, temperature: float
) -> NDArray[np.float32]:
    """Weights of the patches (B, P, D) under each anchor (C, E): (B, C, h, w), rows from the top, each map of sum 1.

    A map shows what the score was read from, which need not be where a lesion lies. Raises ConfigError for a model
    whose pooling is the mean (its features have no positions), or whose patches form no square.
    """
    if positions is None:
        raise ConfigError(
            "This model pools patches by their mean and has no maps: train with model.readout.pooling=attention."
        )
    weights = concept_maps(positions, anchors.detach().to(positions.device), granularity, temperature)
    side = _side(weights.shape[2])
    maps: NDArray[np.float32] = weights.cpu().numpy().reshape(*weights.shape[:2], side, side)
    return maps


def concept_maps(positions: Tensor, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    """Weights of positions (B, P, D) under each anchor (C, E): (B, C, P), rows of sum 1, the mean of local pairs."""
    maps = [
        attend(positions, F.normalize(part, dim=-1), temperature)
        for name, part in aligned_parts(anchors, granularity)
        if name == "image_local"
    ]
    return torch.stack(maps).mean(0)


def _side(patches: int) -> int:
    """Height and width of the patch grid."""
    side = math.isqrt(patches)
    if side * side != patches:
        raise ConfigError(
            f"The tower's {patches} positions form no square grid, so there is no map over the image. "
            "Use a tower with square inputs."
        )
    return side

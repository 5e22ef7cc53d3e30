"""Augmentation that respects anatomy: changes that another positioning or exposure could have caused.

The horizontal flip is a policy (``never`` by default): left and right carry meaning, and a flipped image shows
situs inversus, which is a finding.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch.nn import functional as F

from radz.types import Pixels

MAX_ANGLE_DEG = 7.0
MAX_SHIFT = 0.05
SCALES = (0.9, 1.1)
GAMMAS = (0.8, 1.25)
CONTRASTS = (0.85, 1.15)


def augment(pixels: Pixels, epoch: int, index: int, seed: int = 0, flip: Literal["never", "half"] = "never") -> Pixels:
    """An image (1, H, W) in [0, 1] -> another of the same shape and range, a function of (seed, epoch, index).

    flip: ``half`` mirrors every second image on average.
    """
    rng = np.random.default_rng((seed, epoch, index))
    moved = _move(torch.from_numpy(np.ascontiguousarray(pixels)), rng)
    if flip == "half" and rng.random() < 0.5:
        moved = moved.flip(-1)
    exposed: Pixels = _expose(moved, rng).numpy()
    return exposed


def _move(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """(1, H, W) rotated, shifted and scaled; uncovered borders are 0, as air is."""
    height, width = image.shape[-2:]
    shift = [float(rng.uniform(-MAX_SHIFT, MAX_SHIFT) * size) for size in (width, height)]
    angle = math.radians(float(rng.uniform(-MAX_ANGLE_DEG, MAX_ANGLE_DEG)))
    scale = float(rng.uniform(*SCALES))
    grid = _sources(height, width, angle, (shift[0], shift[1]), scale)
    return F.grid_sample(image[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]


def _sources(height: int, width: int, angle: float, shift: tuple[float, float], scale: float) -> torch.Tensor:
    """Source of each pixel of the moved image, (1, H, W, 2), in the coordinates of ``grid_sample``.

    The same sources as in torchvision's ``affine``. A rotation about the centre is a row plus a column, so each
    coordinate costs one addition; torchvision multiplies matrices, which takes longer than the sampling itself.
    """
    x = (torch.arange(width) - (width - 1) / 2 - shift[0]) / scale  # (W,), pixels from the centre
    y = ((torch.arange(height) - (height - 1) / 2 - shift[1]) / scale)[:, None]  # (H, 1)
    cosine, sine = math.cos(angle), math.sin(angle)
    grid = torch.empty(1, height, width, 2)
    torch.add(x * (2 * cosine / width), y * (2 * sine / width), out=grid[0, ..., 0])
    torch.add(x * (-2 * sine / height), y * (2 * cosine / height), out=grid[0, ..., 1])
    return grid


def _expose(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """(1, H, W) with another gamma and contrast, as another exposure and window would give."""
    curved = image.clamp(0, 1).pow(float(np.exp(rng.uniform(*np.log(GAMMAS)))))
    middle = curved.mean()
    return ((curved - middle) * float(rng.uniform(*CONTRASTS)) + middle).clamp(0, 1)

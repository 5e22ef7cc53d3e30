"""Augmentation that respects anatomy: what a slightly different positioning or exposure could have given.

The horizontal flip is a policy (``never`` by default): left and right are meaning, and a flipped film shows
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
    """One film (1, H, W) in [0, 1] -> another of that shape and range, a function of (seed, epoch, index)."""
    rng = np.random.default_rng((seed, epoch, index))
    moved = _move(torch.from_numpy(np.ascontiguousarray(pixels)), rng)
    if flip == "half" and rng.random() < 0.5:
        moved = moved.flip(-1)
    film: Pixels = _expose(moved, rng).numpy()
    return film


def _move(film: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Rotate, shift and scale; what comes in at the border is air."""
    height, width = film.shape[-2:]
    shift = [float(rng.uniform(-MAX_SHIFT, MAX_SHIFT) * size) for size in (width, height)]
    angle = math.radians(float(rng.uniform(-MAX_ANGLE_DEG, MAX_ANGLE_DEG)))
    scale = float(rng.uniform(*SCALES))
    grid = _sources(height, width, angle, (shift[0], shift[1]), scale)
    return F.grid_sample(film[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]


def _sources(height: int, width: int, angle: float, shift: tuple[float, float], scale: float) -> torch.Tensor:
    """Where each pixel of the moved film comes from, (1, H, W, 2), in grid_sample's coordinates.

    The same places as torchvision's ``affine`` takes. A rotation about the centre is a row plus a column, so the grid
    is one addition a coordinate; torchvision multiplies matrices, which takes longer than the sampling itself.
    """
    x = (torch.arange(width) - (width - 1) / 2 - shift[0]) / scale  # (W,), pixels from the centre
    y = ((torch.arange(height) - (height - 1) / 2 - shift[1]) / scale)[:, None]  # (H, 1)
    cosine, sine = math.cos(angle), math.sin(angle)
    grid = torch.empty(1, height, width, 2)
    torch.add(x * (2 * cosine / width), y * (2 * sine / width), out=grid[0, ..., 0])
    torch.add(x * (-2 * sine / height), y * (2 * cosine / height), out=grid[0, ..., 1])
    return grid


def _expose(film: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Another gamma and contrast, as another exposure and window would give."""
    curved = film.clamp(0, 1).pow(float(np.exp(rng.uniform(*np.log(GAMMAS)))))
    middle = curved.mean()
    return ((curved - middle) * float(rng.uniform(*CONTRASTS)) + middle).clamp(0, 1)

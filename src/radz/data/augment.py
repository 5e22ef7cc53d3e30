"""Augmentation that respects anatomy: what a slightly different positioning or exposure could have given.

The horizontal flip is a policy (``never`` by default): left and right are meaning, and a flipped film shows
situs inversus, which is a finding.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

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
    shift = [float(rng.uniform(-MAX_SHIFT, MAX_SHIFT) * size) for size in (film.shape[-1], film.shape[-2])]
    moved: torch.Tensor = F.affine(
        film,
        angle=float(rng.uniform(-MAX_ANGLE_DEG, MAX_ANGLE_DEG)),
        translate=shift,
        scale=float(rng.uniform(*SCALES)),
        shear=[0.0],
        interpolation=InterpolationMode.BILINEAR,
    )
    return moved


def _expose(film: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Another gamma and contrast, as another exposure and window would give."""
    curved = film.clamp(0, 1).pow(float(np.exp(rng.uniform(*np.log(GAMMAS)))))
    middle = curved.mean()
    return ((curved - middle) * float(rng.uniform(*CONTRASTS)) + middle).clamp(0, 1)

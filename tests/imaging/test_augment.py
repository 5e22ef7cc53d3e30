"""Augmentation: a function of (seed, epoch, index), the geometry of torchvision."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn.functional import grid_sample
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import affine

from radz.imaging.augment import _sources, augment


def test_images_are_moved_to_where_torchvision_moves_them():
    rng = np.random.default_rng(0)
    for _ in range(20):
        height, width = rng.integers(40, 330, 2).tolist()
        image = torch.from_numpy(rng.random((1, height, width), dtype=np.float32))
        angle, scale, shift = rng.uniform(-7, 7), rng.uniform(0.9, 1.1), rng.uniform(-9, 9, 2).tolist()
        theirs = affine(image, angle, shift, scale, [0.0], interpolation=InterpolationMode.BILINEAR)
        grid = _sources(height, width, math.radians(angle), shift, scale)
        ours = grid_sample(image[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
        assert (ours - theirs).abs().max() < 2e-4, "measured 5e-5, on noise, where neighbours differ most"


def test_an_augmented_image_is_a_image_and_repeats_exactly():
    image = np.random.default_rng(0).random((1, 40, 30), dtype=np.float32)
    moved = augment(image, epoch=1, index=2)
    assert moved.shape == image.shape
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 1
    assert np.array_equal(moved, augment(image, 1, 2))
    assert not np.array_equal(moved, augment(image, 2, 2))


def test_left_stays_left_unless_the_policy_says_otherwise():
    image = np.zeros((1, 64, 64), dtype=np.float32)
    image[:, 24:40, 4:16] = 1  # a marker on the image's left

    def sides(flip):
        return {
            bool(f[..., :32].sum() > f[..., 32:].sum()) for f in (augment(image, e, 0, flip=flip) for e in range(30))
        }

    assert sides("never") == {True}
    assert sides("half") == {True, False}

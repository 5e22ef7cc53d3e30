"""Batches for the tiny LLaVA, its features, and a model that is moved off its start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from radz.model.build import part_of
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.types import ImageBatch, Pixels

TEXTS = ["There is no pleural effusion.", "Mass", "Normal chest; clear lungs, heart of normal size."]
ROUNDING = 2e-6  # measured: at most 1.5e-7 between batch compositions and padding sides, float32
PROVENANCE = Provenance(corpus="none", split="train")


def random_images(count: int, seed: int = 0) -> list[Pixels]:
    """Images (1, 40, 30), the same for the same seed."""
    return list(np.random.default_rng(seed).random((count, 1, 40, 30), dtype=np.float32))


def image_batch(model: RadZ, images: Sequence[Pixels]) -> ImageBatch:
    """Images (1, h, w) as the model reads them."""
    return ImageBatch(model.processor.image_prompt(len(images)), model.processor.pixel_values(images))


def image_features(model: RadZ, images: Sequence[Pixels]) -> tuple[Tensor, Tensor]:
    """Global and local features, (B, D) each."""
    features = model(image_batch(model, images))
    return features.image_global, features.image_local


def text_features(model: RadZ, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Global and local features, (U, D) each."""
    features = model(texts=model.processor.text_prompt(texts))
    return features.text_global, features.text_local


def shake(model: RadZ) -> None:
    """Move every trainable tensor off its start, as training would."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if part_of(name):
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def assert_close(actual: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float = ROUNDING) -> None:
    """Tensors pairwise equal within an absolute tolerance."""
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=0)

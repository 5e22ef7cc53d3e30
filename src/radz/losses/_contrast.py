"""Similarities as logits, in float32 outside autocast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from radz.config import LossConfig

MAX_LOG_SCALE = 4.6052
"""A scale is at most 100."""


def log_scale(loss: LossConfig) -> nn.Parameter:
    """log(1 / tau), trainable where the configuration says so."""
    return nn.Parameter(torch.tensor(1 / loss.temperature).log(), requires_grad=loss.learn_temperature)


def scaled_similarity(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    """Unit rows (B, D), (C, D) and a log scale -> logits (B, C)."""
    with torch.autocast(x.device.type, enabled=False):
        logits: Tensor = x.float() @ y.float().T * scale.clamp(max=MAX_LOG_SCALE).exp()
        return logits

"""Similarities as logits, in float32 outside autocast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from radz.config import LossConfig, ReadoutConfig
from radz.model.attention import image_similarity
from radz.types import Features

MAX_LOG_SCALE = 4.6052
"""A scale is at most 100."""


def add_log_scale(module: nn.Module, loss: LossConfig) -> None:
    """Give ``module`` its ``log_scale``, log(1 / tau): a parameter (1,) where it is learned, else a scalar buffer.

    FSDP shards no parameter without a dimension.
    """
    start = torch.tensor(1 / loss.temperature).log()
    if loss.learn_temperature:
        module.register_parameter("log_scale", nn.Parameter(start.reshape(1)))
    else:
        module.register_buffer("log_scale", start)


def image_logits(features: Features, anchors: Tensor, readout: ReadoutConfig, scale: Tensor) -> Tensor:
    """Images (B, D) against anchors (C, E) as scoring compares them, and log(1 / tau) -> logits (B, C)."""
    if features.image_positions is None:
        return scaled_similarity(features.image_embedding(readout.granularity), anchors, scale)
    cosines = image_similarity(features, anchors, readout.granularity, readout.attention_temperature)
    return cosines * scale.clamp(max=MAX_LOG_SCALE).exp()


def scaled_similarity(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    """Unit rows (B, D) and (C, D), and log(1 / tau), one number -> logits (B, C)."""
    with torch.autocast(x.device.type, enabled=False):
        logits: Tensor = x.float() @ y.float().T * scale.clamp(max=MAX_LOG_SCALE).exp()
        return logits

"""Decoder states to unit features.

Read states have a few outlier dimensions that would dominate any inner product, so each dimension is
standardised with statistics measured once on training states, then projected and brought to unit norm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import ReadoutConfig

HEADS = ("image_global", "image_local", "text_global", "text_local")


class States(NamedTuple):
    """What is read of one modality: the mean of the tokens and the pooled local positions, (B, H) each, and the
    tokens themselves, (B, K, H)."""

    whole: Tensor
    local: Tensor
    tokens: Tensor


def pool_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over the positions of ``mask``: (B, T, H), (B, T) -> (B, H). An empty row gives zeros."""
    weights = mask.to(states.dtype).unsqueeze(-1)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


class Head(nn.Module):
    """Standardise, project, normalise: (B, H) -> unit (B, D), in float32 whatever the autocast.

    The statistics are buffers: set once by ``calibrate``, saved with the model, never updated by a batch,
    so a feature does not depend on its neighbours.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, hidden_size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(hidden_size))
        self.register_buffer("std", torch.ones(hidden_size))
        self.project = nn.Linear(hidden_size, dim)

    def calibrate(self, states: Tensor) -> None:
        """Take mean and standard deviation of each dimension from ``states`` (N, H)."""
        self.mean.copy_(states.mean(0))
        self.std.copy_(states.std(0, correction=0).clamp(min=1e-4))

    def forward(self, states: Tensor) -> Tensor:
        """(B, H) -> unit (B, D)."""
        with torch.autocast(states.device.type, enabled=False):
            return F.normalize(self.project((states.float() - self.mean) / self.std), dim=-1)


class Readout(nn.Module):
    """The four heads: image and text, global and local."""

    def __init__(self, hidden_size: int, config: ReadoutConfig) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({name: Head(hidden_size, config.dim) for name in HEADS})

    def calibrate(self, states: Mapping[str, Tensor]) -> None:
        """Take each head's statistics from states (N, H) under its name."""
        for name, own in states.items():
            head = self.heads[name]
            assert isinstance(head, Head)
            head.calibrate(own)

    def forward(self, modality: str, states: States) -> States:
        """States of one modality (image or text) -> its unit features, of the same form, H become D."""
        whole, local = self.heads[f"{modality}_global"], self.heads[f"{modality}_local"]
        return States(whole(states.whole), local(states.local), whole(states.tokens))

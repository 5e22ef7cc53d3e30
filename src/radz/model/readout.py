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
from radz.model.attention import attend

HEADS = ("image_global", "image_local", "text_global", "text_local")


class States(NamedTuple):
    """States of one modality at the read layer: the mean of its tokens and its pooled local positions, (B, H) each, and
    the tokens themselves, (B, K, H). Without tokens (K = 0) the pooled positions serve as both.

    positions: (B, P, H), the local positions before pooling, where that is attention; mask: (B, P) bool, no padding.
    """

    whole: Tensor
    local: Tensor
    tokens: Tensor
    positions: Tensor | None = None
    mask: Tensor | None = None

    @property
    def local_rows(self) -> Tensor:
        """The rows that the local head sees, (N, H): pooled states, or each position."""
        return self.local if self.positions is None else self.positions[self.mask]


def pool_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over the positions of ``mask``: (B, T, H), (B, T) -> (B, H). An empty row gives zeros."""
    weights = mask.to(states.dtype).unsqueeze(-1)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


def gather_local(states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Only the positions of ``mask``, in order: (B, T, H), (B, T) -> (B, P, H), (B, P) bool."""
    count = int(mask.sum(1).max())
    order = mask.int().argsort(dim=1, descending=True, stable=True)[:, :count]  # (B, P)
    return states.gather(1, order.unsqueeze(-1).expand(-1, -1, states.shape[-1])), mask.gather(1, order)


class Head(nn.Module):
    """Standardise, project, normalise: (B, H) -> unit (B, D), in float32 whatever the autocast.

    ``dim`` is D; ``None`` leaves the projection out, so that D is H and nothing is learned.

    The statistics are buffers: set once by ``fit_standardization``, saved with the model, never updated by a batch,
    so a feature does not depend on its neighbours.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, hidden_size: int, dim: int | None) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(hidden_size))
        self.register_buffer("std", torch.ones(hidden_size))
        self.project = nn.Identity() if dim is None else nn.Linear(hidden_size, dim)

    def fit_standardization(self, states: Tensor) -> None:
        """Take mean and standard deviation of each dimension from ``states`` (N, H)."""
        self.mean.copy_(states.mean(0))
        self.std.copy_(states.std(0, correction=0).clamp(min=1e-4))

    def forward(self, states: Tensor) -> Tensor:
        """(B, H) -> unit (B, D)."""
        return F.normalize(self.projected(states), dim=-1)

    def projected(self, states: Tensor) -> Tensor:
        """(..., H) -> (..., D), before normalisation to unit length."""
        with torch.autocast(states.device.type, enabled=False):
            rows: Tensor = self.project((states.float() - self.mean) / self.std)
            return rows


class Readout(nn.Module):
    """The four heads (image and text, global and local) and, where pooling is attention, a query (D,) per modality.

    A query starts at zero, where attention equals the mean.
    """

    def __init__(self, hidden_size: int, config: ReadoutConfig) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({name: Head(hidden_size, config.dim) for name in HEADS})
        self.dim = hidden_size if config.dim is None else config.dim
        self.temperature = config.attention_temperature
        self.queries: nn.ParameterDict | None = None
        if config.pooling == "attention":
            self.queries = nn.ParameterDict({name: nn.Parameter(torch.zeros(self.dim)) for name in ("image", "text")})

    def fit_standardization(self, states: Mapping[str, Tensor]) -> None:
        """Take each head's statistics from states (N, H) under its name."""
        for name, rows in states.items():
            head = self.heads[name]
            assert isinstance(head, Head)
            head.fit_standardization(rows)

    def forward(self, modality: str, states: States) -> States:
        """States of one modality (image or text), (B, H) -> its unit features in the same form, (B, D)."""
        whole, local = self.heads[f"{modality}_global"], self.heads[f"{modality}_local"]
        assert isinstance(local, Head)
        if self.queries is None or states.positions is None:
            return States(whole(states.whole), local(states.local), whole(states.tokens))
        positions = local.projected(states.positions)  # (B, P, D)
        weights = attend(positions, self.queries[modality].unsqueeze(0), self.temperature, states.mask)  # (B, 1, P)
        pooled = (weights @ states.positions.float()).squeeze(1)  # (B, H); the head is affine, so this pools positions
        return States(whole(states.whole), local(pooled), whole(states.tokens), positions, states.mask)

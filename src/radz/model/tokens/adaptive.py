"""``adaptive``: ``medical`` tokens plus a shift that depends on the input.

The modality's embeddings (patches or words) are pooled; a small MLP turns them into weights over a bank of directions,
one mixture per token. A gate scales the mixture. It starts at zero, where the design equals ``medical``, and opens only
as far as training finds useful.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.model.readout import pool_mean
from radz.model.token_design import TokenDesign
from radz.model.tokens.medical import medical
from radz.types import Prompt

BANK, INNER = 8, 32
"""Directions in the bank, and width of the MLP."""


class Shift(nn.Module):
    """The shift of one modality's K tokens: pooled input (B, H) -> (B, K, H), at most as long as the tokens."""

    def __init__(self, hidden_size: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.inner, self.outer = nn.Linear(hidden_size, INNER), nn.Linear(INNER, count * BANK)
        self.bank = nn.Parameter(torch.randn(BANK, hidden_size) / math.sqrt(hidden_size))
        self.gate = nn.Parameter(torch.zeros(count))

    def forward(self, pooled: Tensor, tokens: Tensor) -> Tensor:
        """pooled (B, H), the tokens' embeddings (B, K, H) -> (B, K, H), in float32."""
        logits = self.outer(F.gelu(self.inner(F.layer_norm(pooled, pooled.shape[-1:]))))
        mixture = logits.view(-1, self.count, BANK).softmax(-1) @ F.normalize(self.bank, dim=-1)  # (B, K, H)
        length = tokens.norm(dim=-1, keepdim=True).detach()
        shift: Tensor = self.gate.tanh().unsqueeze(-1) * length * mixture
        return shift


class AdaptiveShift(nn.Module):
    """Both modalities' shifts, added at the positions of the modality tokens."""

    def __init__(self, hidden_size: int, count: int) -> None:
        super().__init__()
        self.modalities = nn.ModuleDict({modality: Shift(hidden_size, count) for modality in ("image", "text")})

    def forward(self, modality: str, embeddings: Tensor, prompt: Prompt) -> Tensor:
        """Embeddings (B, T, H) -> the same, moved at the modality tokens."""
        at = prompt.modality_tokens.unsqueeze(-1).expand(-1, -1, embeddings.shape[-1])
        with torch.autocast(embeddings.device.type, enabled=False):
            pooled = pool_mean(embeddings.float(), prompt.local)
            shift = self.modalities[modality](pooled, embeddings.gather(1, at).float())
        return embeddings.scatter_add(1, at, shift.to(embeddings.dtype))


def adaptive(count: int) -> TokenDesign:
    """K = ``count`` tokens per modality."""
    design = medical(count)
    return replace(design, conditioner=lambda hidden_size: AdaptiveShift(hidden_size, count)) if count else design


plugin = adaptive

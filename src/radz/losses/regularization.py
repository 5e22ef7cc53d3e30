"""Regularization: modality tokens stay diverse, children stay near their parents, weights stay near their start.

The sum of three terms without unit: the mean squared cosine between two tokens of one study, the hinge by which an
unrelated finding comes too near a child compared with its parent, and the relative squared distance of token rows
and adapters from where they started.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import LossConfig, ReadoutConfig
from radz.losses import LossInputs
from radz.losses._rows import paired


class Regularization(nn.Module):
    """``{"regularization": scalar}``, at least 0."""

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.margin = loss.hierarchy_margin

    def forward(self, inputs: LossInputs) -> dict[str, Tensor]:
        """Tokens (P, K, D), anchors (C, E), hierarchy (N, 3), drift scalar -> the named scalar.

        Tokens are those of the P studies that have both image and report.
        """
        features, _ = paired(inputs.features, inputs.rows)
        drift = inputs.drift.float()
        tokens = [t for t in (features.image_tokens, features.text_tokens) if t is not None]
        similar = torch.stack([resemblance(t) for t in tokens]).mean() if tokens else drift.new_zeros(())
        return {"regularization": similar + disorder(inputs.anchors.positive, inputs.hierarchy, self.margin) + drift}


def resemblance(tokens: Tensor) -> Tensor:
    """Unit tokens (B, K, D) -> mean squared cosine of two that differ, in [0, 1]; 0 for K = 1."""
    count = tokens.shape[1]
    with torch.autocast(tokens.device.type, enabled=False):
        cosines = tokens.float() @ tokens.float().mT  # (B, K, K)
    others = ~torch.eye(count, dtype=torch.bool, device=tokens.device)
    return (cosines.square() * others).sum() / max(1, len(tokens) * count * (count - 1))


def disorder(anchors: Tensor, hierarchy: Tensor, margin: float) -> Tensor:
    """Unit anchors (C, E), rows (child, ancestor, unrelated) of (N, 3) -> mean hinge; 0 without rows."""
    child, ancestor, unrelated = anchors.float()[hierarchy.T]  # (N, E) each
    hinge = F.relu(margin + (child * unrelated).sum(1) - (child * ancestor).sum(1))
    return hinge.sum() / max(1, len(hierarchy))


plugin = Regularization

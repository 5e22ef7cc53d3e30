"""Captioning: the report's next words, given the film, as the whole frozen decoder predicts them.

It aligns a new projector before any feature is read: patches come to stand where the decoder can speak of them.
"""

from __future__ import annotations

from torch import Tensor, nn

from radz.config import LossConfig, ReadoutConfig
from radz.types import Batch, Features


class Captioning(nn.Module):
    """``{"captioning": scalar}``: the mean over pairs of the cross-entropy per token of the report, in nats."""

    reads_features = False

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()

    def forward(self, features: Features, batch: Batch, captions: Tensor) -> dict[str, Tensor]:
        """Cross-entropies of reports given their films, (P,) -> the named scalar."""
        return {"captioning": captions.float().mean()}


plugin = Captioning

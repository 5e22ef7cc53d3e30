"""Captioning: predict the report's next words from the image, with the whole frozen decoder.

It aligns a new projector before any feature is read: patches move to where the decoder can describe them.
"""

from __future__ import annotations

from torch import Tensor, nn

from radz.config import LossConfig, ReadoutConfig
from radz.losses import LossInputs


class Captioning(nn.Module):
    """``{"captioning": scalar}``: the mean over pairs of the cross-entropy per token of the report, in nats."""

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()

    def forward(self, inputs: LossInputs) -> dict[str, Tensor]:
        """Cross-entropies of reports given their images, (P,) -> the named scalar."""
        return {"captioning": inputs.captions.float().mean()}


plugin = Captioning

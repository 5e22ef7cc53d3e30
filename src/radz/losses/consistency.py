"""Consistency: an image and its report rank the anchors alike, and so do two augmentations of one image.

Symmetric Kullback-Leibler divergence of the two softmaxes over the anchors, which needs no label. The anchors get no
gradient and the temperature is not learned: either could satisfy the loss by making all anchors equal.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from radz.config import LossConfig, ReadoutConfig
from radz.losses import LossInputs
from radz.losses._contrast import image_logits, scaled_similarity


class Consistency(nn.Module):
    """``{"consistency": scalar}``: the mean over image with report and image with image, whichever the batch holds."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.readout = readout
        self.register_buffer("log_scale", torch.tensor(-math.log(loss.temperature)), persistent=False)

    def forward(self, inputs: LossInputs) -> dict[str, Tensor]:
        """Embeddings (F, E) and (R, E), anchors (C, E) -> the named scalar, in nats."""
        features, anchors, second_view = inputs.features, inputs.anchors.positive.detach(), inputs.second_view
        image = image_logits(features, anchors, self.readout, self.log_scale).log_softmax(1)
        rankings = []
        if features.text_global is not None:
            text = features.text_embedding(self.readout.granularity)
            report = scaled_similarity(text, anchors, self.log_scale).log_softmax(1)
            images, reports = inputs.rows.pairs()
            rankings.append((image[images], report[reports]))
        if second_view is not None:
            other = image_logits(second_view, anchors, self.readout, self.log_scale).log_softmax(1)
            rankings.append((image, other))
        terms = [symmetric_kl(*two) for two in rankings] or [image.sum() * 0]
        return {"consistency": torch.stack(terms).mean()}


def symmetric_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Mean over rows of half KL(p, q) + KL(q, p), from log probabilities (B, C)."""
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(1).mean() / 2


plugin = Consistency

"""Consistency: a film and its report rank the anchors alike, and so do two augmentations of one film.

Symmetric Kullback-Leibler divergence of the two softmaxes over the anchors, which needs no label. The anchors are
held still and the temperature is not learned: either could satisfy the loss by making all anchors equal.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from radz.config import LossConfig, ReadoutConfig
from radz.losses._contrast import film_logits, scaled_similarity
from radz.losses._rows import places
from radz.types import Anchors, Batch, Features


class Consistency(nn.Module):
    """``{"consistency": scalar}``: the mean over film with report and film with film, whichever the batch holds."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.readout = readout
        self.register_buffer("log_scale", torch.tensor(-math.log(loss.temperature)), persistent=False)

    def forward(
        self, features: Features, batch: Batch, anchors: Anchors, second_view: Features | None
    ) -> dict[str, Tensor]:
        """Embeddings (B, E) and anchors (C, E) -> the named scalar, in nats."""
        still = anchors.positive.detach()
        film = film_logits(features, still, self.readout, self.log_scale).log_softmax(1)
        rankings = []
        if features.text_global is not None:
            text = features.text_embedding(self.readout.granularity)
            report = scaled_similarity(text, still, self.log_scale).log_softmax(1)
            rows = places(batch)
            rankings.append((film, report) if rows is None else (film[rows[0]], report[rows[1]]))
        if second_view is not None:
            other = film_logits(second_view, still, self.readout, self.log_scale).log_softmax(1)
            rankings.append((film, other))
        terms = [symmetric_kl(*two) for two in rankings] or [film.sum() * 0]
        return {"consistency": torch.stack(terms).mean()}


def symmetric_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Mean over rows of half KL(p, q) + KL(q, p), from log probabilities (B, C)."""
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(1).mean() / 2


plugin = Consistency

"""Knowledge: films and reports against the anchors of what they show (DKAM).

Multi-label contrast. A pair of study and concept is a positive where the concept is present, a negative where it is
known absent or, by the policy ``unmentioned: negative``, where nobody labelled it. Anything else, an uncertain label
above all, is left out, and positives never compete with each other. As in alignment, each study is contrasted over
concepts and each concept over studies; the latter is what ranking films by a finding asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import LossConfig, ReadoutConfig
from radz.losses._contrast import add_log_scale, film_logits, scaled_similarity
from radz.losses._rows import paired, reported
from radz.types import Anchors, Batch, Features

NOTHING = -1e4
"""A logit whose exponential is 0 in float32; infinity would give gradients that are not numbers."""


class Knowledge(nn.Module):
    """``{"knowledge": scalar}``: half the contrast of films, half that of reports; of one alone where one is absent."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.readout, self.unmentioned = readout, loss.unmentioned
        add_log_scale(self, loss)

    def forward(self, features: Features, batch: Batch, anchors: Anchors) -> dict[str, Tensor]:
        """Embeddings (B, E), labels (B, C), anchors (C, E) -> the named scalar."""
        sides = self._sides(features, batch, anchors.positive)
        terms = [contrast(logits, *known(own, self.unmentioned)) for logits, own in sides]
        return {"knowledge": torch.stack(terms).mean()}

    def _sides(self, features: Features, batch: Batch, anchors: Tensor) -> list[tuple[Tensor, Batch]]:
        """Logits (B, C) of films with a report and of all reports, whichever there are, each with its batch."""
        sides = []
        both, own = paired(features, batch)
        if both.image_global is not None:
            sides.append((film_logits(both, anchors, self.readout, self.log_scale), own))
        if features.text_global is not None:
            text = features.text_embedding(self.readout.granularity)
            sides.append((scaled_similarity(text, anchors, self.log_scale), reported(batch)))
        return sides


def contrast(logits: Tensor, present: Tensor, absent: Tensor) -> Tensor:
    """Studies over concepts and concepts over studies, half each: all (B, C) -> scalar."""
    return (sup_nce(logits, present, absent) + sup_nce(logits.T, present.T, absent.T)) / 2


def sup_nce(logits: Tensor, present: Tensor, absent: Tensor) -> Tensor:
    """Mean over rows with a positive of the mean over their positives p of -log(e^p / (e^p + sum of e^negatives)).

    logits (B, C); present, absent: bool (B, C). Zero where no row has a positive.
    """
    against = logits.masked_fill(~absent, NOTHING).logsumexp(1, keepdim=True)  # (B, 1)
    losses = F.softplus(against - logits) * present
    count = present.sum(1)
    rows = losses.sum(1) / count.clamp(min=1)
    return rows.sum() / (count > 0).sum().clamp(min=1)


def known(batch: Batch, unmentioned: str) -> tuple[Tensor, Tensor]:
    """(present, absent), bool (B, C) each, under a policy for what nobody labelled."""
    labels = batch.labels
    if labels is None:
        raise ValueError("the knowledge loss needs labels: give the batch labels, or take its weight out")
    absent = labels == 0
    if unmentioned == "negative":
        silent = labels.isnan()
        absent = absent | (silent if batch.uncertain is None else silent & ~batch.uncertain)
    return labels == 1, absent


plugin = Knowledge

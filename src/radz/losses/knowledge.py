"""Knowledge: images and reports against the anchors of what they show (DKAM).

Multi-label contrast. A pair of study and concept is a positive where the concept is present, a negative where it is
known absent or, by the policy ``unmentioned: negative``, unlabelled. Everything else, above all an uncertain label, is
left out, and positives never compete with each other. As in alignment, each study is contrasted over
concepts and each concept over studies; the latter is what ranking images by a finding requires.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import LossConfig, ReadoutConfig
from radz.losses import LossInputs
from radz.losses._contrast import add_log_scale, image_logits, scaled_similarity
from radz.losses._rows import paired

NOTHING = -1e4
"""A logit whose exponential is 0 in float32; infinity would give gradients that are not numbers."""


class Knowledge(nn.Module):
    """``{"knowledge": scalar}``: half the contrast of images, half that of reports, or one of them alone."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.readout, self.unmentioned = readout, loss.unmentioned
        add_log_scale(self, loss)

    def forward(self, inputs: LossInputs) -> dict[str, Tensor]:
        """Embeddings (F, E) and (R, E), labels (B, C), anchors (C, E) -> the named scalar."""
        features, rows, anchors = inputs.features, inputs.rows, inputs.anchors.positive
        terms = []
        pairs, labelled = paired(features, rows)
        if pairs.image_global is not None:
            logits = image_logits(pairs, anchors, self.readout, self.log_scale)
            terms.append(contrast(logits, *known(labelled.labels, labelled.uncertain, self.unmentioned)))
        if features.text_global is not None:
            logits = scaled_similarity(features.text_embedding(self.readout.granularity), anchors, self.log_scale)
            labels, uncertain = rows.labels[rows.reports], rows.uncertain[rows.reports]
            terms.append(contrast(logits, *known(labels, uncertain, self.unmentioned)))
        return {"knowledge": torch.stack(terms).mean()}


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


def known(labels: Tensor, uncertain: Tensor, unmentioned: str) -> tuple[Tensor, Tensor]:
    """Labels and uncertain (B, C) -> present and absent (B, C) bool, under a policy for unlabelled ones."""
    absent = labels == 0
    if unmentioned == "negative":
        absent = absent | (labels.isnan() & ~uncertain)
    return labels == 1, absent


plugin = Knowledge

"""Alignment of image and report: noise-contrastive estimation that leaves false negatives out.

Batches repeat findings and even texts. Pairs with the same label set (or the very same text) are positives;
pairs whose label sets overlap are left out (``mask``) or count by their Jaccard similarity (``jaccard``).
Everything is computed in float32 outside autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import LossConfig, ReadoutConfig
from radz.losses import LossInputs
from radz.losses._contrast import add_log_scale, scaled_similarity
from radz.losses._rows import paired
from radz.types import ALIGNED_PAIRS, BatchRows


class Alignment(nn.Module):
    """``{"alignment": scalar}``: the mean NCE over the aligned feature pairs."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.pairs, self.overlap = ALIGNED_PAIRS[readout.granularity], loss.overlap
        add_log_scale(self, loss)

    def forward(self, inputs: LossInputs) -> dict[str, Tensor]:
        """Features (P, D), labels (P, C) -> the named scalar, over the P studies that have both image and report."""
        features, rows = paired(inputs.features, inputs.rows)
        targets, keep = relations(rows, self.overlap)
        terms = [self._nce(getattr(features, x), getattr(features, y), targets, keep) for x, y in self.pairs]
        return {"alignment": torch.stack(terms).mean()}

    def _nce(self, x: Tensor, y: Tensor, targets: Tensor, keep: Tensor) -> Tensor:
        """Features (P, D) twice, targets and keep (P, P) -> both directions' mean, a scalar."""
        logits = scaled_similarity(x, y, self.log_scale)
        return (nce(logits, targets, keep) + nce(logits.T, targets.T, keep.T)) / 2


def nce(logits: Tensor, targets: Tensor, keep: Tensor) -> Tensor:
    """Cross-entropy of rows: logits, targets (P, P) with positive row sums, keep (P, P) bool -> scalar.

    A row's loss is the target-weighted mean of -log softmax over the kept columns.
    """
    log_p = F.log_softmax(logits.masked_fill(~keep, float("-inf")), dim=1).masked_fill(~keep, 0.0)
    return -((targets * log_p).sum(1) / targets.sum(1)).mean()


def relations(rows: BatchRows, overlap: str) -> tuple[Tensor, Tensor]:
    """(targets, keep), (P, P) each: how much each image-text pair of P studies is a positive, and whether it counts."""
    same_text = rows.texts.unsqueeze(0) == rows.texts.unsqueeze(1)
    similarity = jaccard(rows.labels == 1)
    if overlap == "jaccard":
        return torch.maximum(similarity, same_text.float()), torch.ones_like(same_text)
    positive = same_text | (similarity == 1)
    return positive.float(), positive | (similarity == 0)


def jaccard(present: Tensor) -> Tensor:
    """Similarity of label sets: bool (B, C) -> float (B, B) in [0, 1]; two empty sets share nothing."""
    sets = present.float()
    both = sets @ sets.T
    either = sets.sum(1, keepdim=True) + sets.sum(1) - both
    return both / either.clamp(min=1)


plugin = Alignment

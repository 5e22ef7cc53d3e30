"""Alignment of image and report: noise-contrastive estimation that knows which negatives are none.

Batches repeat findings and even texts. Pairs with the same label set (or the very same text) are positives;
pairs whose label sets overlap are left out (``mask``) or count by their Jaccard similarity (``jaccard``).
Everything is computed in float32 outside autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz.config import LossConfig, ReadoutConfig
from radz.losses._contrast import add_log_scale, scaled_similarity
from radz.losses._rows import paired
from radz.types import ALIGNED_PAIRS, Batch, Features


class Alignment(nn.Module):
    """``forward(features, batch) -> {"alignment": scalar}``, the mean NCE over the aligned feature pairs."""

    log_scale: Tensor

    def __init__(self, loss: LossConfig, readout: ReadoutConfig) -> None:
        super().__init__()
        self.pairs, self.overlap = ALIGNED_PAIRS[readout.granularity], loss.overlap
        add_log_scale(self, loss)

    def forward(self, features: Features, batch: Batch) -> dict[str, Tensor]:
        """Features (B, D), labels (B, C) -> the named scalar, over the studies that have both film and report."""
        features, batch = paired(features, batch)
        targets, keep = relations(batch, self.overlap)
        terms = [self._nce(getattr(features, x), getattr(features, y), targets, keep) for x, y in self.pairs]
        return {"alignment": torch.stack(terms).mean()}

    def _nce(self, x: Tensor, y: Tensor, targets: Tensor, keep: Tensor) -> Tensor:
        logits = scaled_similarity(x, y, self.log_scale)
        return (nce(logits, targets, keep) + nce(logits.T, targets.T, keep.T)) / 2


def nce(logits: Tensor, targets: Tensor, keep: Tensor) -> Tensor:
    """Cross-entropy of rows: logits, targets (B, B) with positive row sums, keep (B, B) bool -> scalar.

    A row's loss is the target-weighted mean of -log softmax over the kept columns.
    """
    log_p = F.log_softmax(logits.masked_fill(~keep, float("-inf")), dim=1).masked_fill(~keep, 0.0)
    return -((targets * log_p).sum(1) / targets.sum(1)).mean()


def relations(batch: Batch, overlap: str) -> tuple[Tensor, Tensor]:
    """(targets, keep), both (B, B): how much each image-text pair is a positive, and whether it counts at all."""
    same = _same_pair(batch)
    if batch.labels is None:
        return same.float(), torch.ones_like(same)
    similarity = jaccard(batch.labels == 1)
    if overlap == "jaccard":
        return torch.maximum(similarity, same.float()), torch.ones_like(same)
    positive = same | (similarity == 1)
    return positive.float(), positive | (similarity == 0)


def jaccard(present: Tensor) -> Tensor:
    """Similarity of label sets: bool (B, C) -> float (B, B) in [0, 1]; two empty sets share nothing."""
    sets = present.float()
    both = sets @ sets.T
    either = sets.sum(1, keepdim=True) + sets.sum(1) - both
    return both / either.clamp(min=1)


def _same_pair(batch: Batch) -> Tensor:
    """Pairs that are the same study, or whose texts are word for word the same."""
    prompt = batch.image_prompt
    assert prompt is not None
    index = torch.arange(len(prompt.input_ids)) if batch.text_index is None else batch.text_index
    return index.unsqueeze(0) == index.unsqueeze(1)


plugin = Alignment

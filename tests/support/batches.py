"""Training batches from tensors and texts, without a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from radz.types import BatchProcessor, BatchRows, ImageBatch, PairBatch, TextBatch


def image_batch(processor: BatchProcessor, values: Tensor, encoded: bool = False) -> ImageBatch:
    """Images with their sequences: pixel values (B, 3, h, w) or the tower's states (B, P, V)."""
    return ImageBatch(processor.image_prompt(len(values)), values, encoded)


def pair_batch(
    processor: BatchProcessor,
    values: Tensor,
    texts: Sequence[str],
    index: Sequence[int] | None = None,
    *,
    labels: Tensor | None = None,
    second_view: Tensor | None = None,
    encoded: bool = False,
) -> PairBatch:
    """Pairs of image and report; ``index`` says which of the distinct ``texts`` each report is."""
    rows = torch.arange(len(values)) if index is None else torch.tensor(index)
    return PairBatch(
        image_batch(processor, values, encoded),
        TextBatch(processor.text_prompt(texts), rows),
        BatchRows.of_pairs(torch.zeros(len(values), 0) if labels is None else labels, rows),
        None if second_view is None else image_batch(processor, second_view, encoded),
    )

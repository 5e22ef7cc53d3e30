"""Attention pooling: queries over a study's own positions.

A query is compared with the direction of each position; the softmax of these cosines over the positions says how much
each counts. With a query of zeros all positions count equally, which is the mean. The weights under a concept's anchor
are the concept's map over the image (``radz.explain.attention``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from radz.types import ALIGNED_PAIRS, Features

CHUNK = 128
"""Concepts compared at once: bounds the memory of (B, CHUNK, D) features."""


def attend(positions: Tensor, queries: Tensor, temperature: float, mask: Tensor | None = None) -> Tensor:
    """Weights of positions (B, P, D) under queries (C, D): (B, C, P) float32 rows of sum 1.

    mask: (B, P) bool, positions that count; a row without any gets zeros.
    """
    with torch.autocast(positions.device.type, enabled=False):
        logits = queries.float() @ F.normalize(positions.float(), dim=-1).mT / temperature  # (B, C, P)
        if mask is None:
            return logits.softmax(-1)
        counts = mask.unsqueeze(1)
        return logits.masked_fill(~counts, torch.finfo(torch.float32).min).softmax(-1) * counts


def aligned_parts(anchors: Tensor, granularity: str) -> Iterator[tuple[str, Tensor]]:
    """Of anchors (C, E): each aligned pair's image feature and the part (C, D) that is compared with it."""
    pairs = ALIGNED_PAIRS[granularity]
    return zip((image for image, _ in pairs), anchors.chunk(len(pairs), dim=-1), strict=True)


def image_similarity(features: Features, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    """Images (B) against anchors (C, E): the mean of the aligned pairs' cosines, weighted as the anchors are, (B, C).

    Without positions it is the inner product of embeddings. With them, the image side of a pair that is local is read
    anew for each concept, the text side of its anchor being the query.
    """
    if features.image_positions is None:
        return features.image_embedding(granularity) @ anchors.T
    pieces = torch.split(anchors, CHUNK)
    return torch.cat([_attended(features, rows, granularity, temperature) for rows in pieces], dim=1)


def _attended(features: Features, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    """Images (B) against anchors (C, E), local pairs read with each anchor's own query: (B, C)."""
    parts = [*aligned_parts(anchors.float(), granularity)]
    with torch.autocast(anchors.device.type, enabled=False):
        cosines = [_similarity(features, name, part, temperature) for name, part in parts]
        return torch.stack(cosines).sum(0) / math.sqrt(len(parts))


def _similarity(features: Features, name: str, part: Tensor, temperature: float) -> Tensor:
    """One pair: the named image feature against its part (C, D) of the anchors, (B, C)."""
    if name != "image_local":
        whole: Tensor = getattr(features, name).float()
        return whole @ part.T
    assert features.image_positions is not None
    positions = features.image_positions.float()
    weights = attend(positions, F.normalize(part, dim=-1), temperature)  # (B, C, P)
    return (F.normalize(weights @ positions, dim=-1) * part).sum(-1)  # (B, C, D) -> (B, C)

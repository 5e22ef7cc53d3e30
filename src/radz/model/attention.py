"""Attention pooling: queries over a study's own positions.

A query is compared with the direction of each position; the softmax of these cosines over the positions says how much
each counts. With a query of zeros every position counts alike, which is the mean. The weights of a concept's anchor are
the concept's map over the image.
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
        kept = mask.unsqueeze(1)
        return logits.masked_fill(~kept, torch.finfo(torch.float32).min).softmax(-1) * kept


def image_similarity(features: Features, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    """Images (B) against anchors (C, E): the mean of the aligned pairs' cosines, weighted as the anchors are, (B, C).

    Without positions it is the inner product of embeddings. With them, the image side of a pair that is local is read
    anew for each concept, the text side of its anchor being the query.
    """
    if features.image_positions is None:
        return features.image_embedding(granularity) @ anchors.T
    pieces = torch.split(anchors, CHUNK)
    return torch.cat([_attended(features, rows, granularity, temperature) for rows in pieces], dim=1)


def concept_maps(positions: Tensor, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    """Where each anchor (C, E) looks among positions (B, P, D): (B, C, P), rows of sum 1, the mean of local pairs."""
    maps = [
        attend(positions, F.normalize(part, dim=-1), temperature)
        for name, part in _parts(anchors, granularity)
        if name == "image_local"
    ]
    return torch.stack(maps).mean(0)


def _attended(features: Features, anchors: Tensor, granularity: str, temperature: float) -> Tensor:
    parts = [*_parts(anchors.float(), granularity)]
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


def _parts(anchors: Tensor, granularity: str) -> Iterator[tuple[str, Tensor]]:
    """(image feature, part (C, D) of the anchors that it is compared with) of each aligned pair."""
    pairs = ALIGNED_PAIRS[granularity]
    return zip((image for image, _ in pairs), anchors.chunk(len(pairs), dim=-1), strict=True)

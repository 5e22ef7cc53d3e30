"""Anchors from sentences: encode each distinct text once, average each concept's, and normalise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from radz.knowledge import Concept
from radz.types import Anchors, EncodeText


def anchors_from_texts(
    concepts: Sequence[Concept],
    positive: Sequence[Sequence[str]],
    negative: Sequence[Sequence[str]] | None,
    encode_text: EncodeText,
    strategy: str,
) -> Anchors:
    """Anchors whose unit rows (C, E) are the means of each concept's encoded sentences."""
    means = mean_features([*positive, *(negative or ())], encode_text)
    rows = F.normalize(means, dim=-1)
    return Anchors(
        concepts=tuple(concept.id for concept in concepts),
        positive=rows[: len(positive)],
        negative=rows[len(positive) :] if negative is not None else None,
        texts=tuple(tuple(texts) for texts in positive),
        strategy=strategy,
        agreement=means[: len(positive)].detach().norm(dim=-1),
        names=tuple(concept.name for concept in concepts),
        denials=tuple(tuple(texts) for texts in negative or ()),
    )


def mean_features(groups: Sequence[Sequence[str]], encode_text: EncodeText) -> torch.Tensor:
    """G groups of texts -> the mean of each group's unit features, (G, E)."""
    texts = list(dict.fromkeys(text for group in groups for text in group))
    place = {text: i for i, text in enumerate(texts)}
    encoded = encode_text(texts)
    return torch.stack([encoded[[place[text] for text in group]].mean(0) for group in groups])

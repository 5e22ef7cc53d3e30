"""A model that reads a film once, however often the same film comes: under other labels, or for other anchors."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from radz.model.encoder import Encoder, similarity
from radz.types import Anchors, Pixels, Scores, Study


class Remembering:
    """``ZeroShotModel`` over one to which a film is one vector (``one_vector``); films are known by their pixels."""

    def __init__(self, model: Encoder) -> None:
        self.model, self.name = model, model.name
        self._vectors: dict[bytes, Tensor] = {}

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """As the model scores them, values (B, C)."""
        films = [study.pixels for study in studies if study.pixels is not None]
        values = similarity(self.encode_images(films), anchors)
        return Scores(tuple(study.study_id for study in studies), anchors.concepts, values)

    def encode_images(self, films: Sequence[Pixels]) -> Tensor:
        """Films (1, H, W) -> unit features (B, E), on the CPU."""
        keys = [blake2b(film.tobytes(), key=str(film.shape).encode()).digest() for film in films]
        unread = {key: film for key, film in zip(keys, films, strict=True) if key not in self._vectors}
        if unread:
            self._vectors |= dict(zip(unread, self.model.encode_images([*unread.values()]), strict=True))
        return torch.stack([self._vectors[key] for key in keys])

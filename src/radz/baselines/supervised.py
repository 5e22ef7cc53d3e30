"""The tower alone: the linear head of its supervised warm-up. What the method must not lose to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from radz.errors import ImageError
from radz.model.checkpoint import TowerHead
from radz.types import Anchors, Pixels, Scores, Study

PoolFilms = Callable[[Sequence[Pixels]], Tensor]
"""Films (1, H, W) -> the mean of the tower's states, (B, V)."""


class Supervised:
    """Logits of a head over the pooled tower; a concept it has no row for has no score, and a note says so."""

    name = "supervised"

    def __init__(self, pool_films: PoolFilms, head: TowerHead) -> None:
        self.pool_films, self.head = pool_films, head

    @classmethod
    def example(cls, train: Sequence[Study]) -> Supervised:
        """One for the contract test: its "tower" is the film's mean and deviation."""
        concepts = tuple(sorted({concept for study in train for concept in study.labels}))
        weight = torch.linspace(-1, 1, 2 * len(concepts)).reshape(len(concepts), 2)
        return cls(_brightness, TowerHead(concepts, weight, torch.zeros(len(concepts))))

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Logits (B, C) in the order of ``anchors``; the anchors' vectors are not looked at."""
        states = self.pool_films([_pixels(study) for study in studies]) if studies else torch.zeros(0, self.width)
        logits = states.float() @ self.head.weight.T + self.head.bias
        rows = [self.head.concepts.index(c) if c in self.head.concepts else None for c in anchors.concepts]
        columns = [np.full(len(studies), np.nan) if row is None else logits[:, row].cpu().numpy() for row in rows]
        values = np.stack(columns, axis=1).astype(np.float32)
        unknown = {c: "not a label of the warm-up" for c, row in zip(anchors.concepts, rows, strict=True) if row is None}
        return Scores(tuple(study.study_id for study in studies), anchors.concepts, values, unknown)

    @property
    def width(self) -> int:
        """V, width of the tower's states."""
        return self.head.weight.shape[1]


def _pixels(study: Study) -> Pixels:
    if study.pixels is None:
        raise ImageError(f"Study {study.study_id} has no pixels: read it through its corpus, corpus[i].")
    return study.pixels


def _brightness(films: Sequence[Pixels]) -> Tensor:
    return torch.tensor([[float(film.mean()), float(film.std())] for film in films])


plugin = Supervised

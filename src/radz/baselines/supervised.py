"""What labels alone teach: the linear head of the tower's supervised warm-up, or torchxrayvision's DenseNet.

The first is the tower that the method stands on; it must not lose to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.baselines._films import best_device, score_in_batches
from radz.baselines._opening import BaselineContext, required
from radz.baselines._xrayvision import XrayVision
from radz.errors import CheckpointError
from radz.model.checkpoint import TOWER_HEAD, TowerHead, load_checkpoint, load_tower_head
from radz.model.encoder import Encoder
from radz.types import Anchors, Pixels, Scores, Study

PoolFilms = Callable[[Sequence[Pixels]], Tensor]
"""Films (1, H, W) -> the mean of the tower's states, (B, V)."""
Logits = Callable[[Sequence[Pixels]], Tensor]
"""Films (1, H, W) -> (B, C)."""


class Supervised:
    """Logits of the concepts that were trained; a concept without a label has no score, and a note says so."""

    name = "supervised"
    of_run = "own"

    def __init__(self, logits: Logits, concepts: tuple[str, ...], batch_size: int = 16) -> None:
        """concepts: the columns of ``logits``."""
        self.logits, self.concepts, self.batch_size = logits, concepts, batch_size

    @classmethod
    def of_tower(cls, pool_films: PoolFilms, head: TowerHead, batch_size: int = 16) -> Supervised:
        """The tower under the head of its warm-up."""
        weight, bias = head.weight.float().cpu(), head.bias.float().cpu()
        return cls(partial(_linear, pool_films, weight, bias), head.concepts, batch_size)

    @classmethod
    def of_encoder(cls, encoder: Any, head: TowerHead, batch_size: int = 16) -> Supervised:
        """The tower of a model that gives its states with its features (``ImageFeatures.tower``)."""
        return cls.of_tower(partial(_tower_means, encoder), head, batch_size)

    @classmethod
    def open(cls, checkpoint: str | None, around: BaselineContext, *, batch_size: int = 16) -> Supervised:
        """A checkpoint of `radz train` with a warm-up, or torchxrayvision's weights by name or file."""
        source = required(cls.name, checkpoint)
        if not Path(source).is_dir():
            other = XrayVision(source)
            return cls(other.logits, other.concepts, batch_size)
        head = load_tower_head(Path(source))
        if head is None:
            raise CheckpointError(f"{source} has no {TOWER_HEAD}: its tower had no supervised warm-up, or moved on.")
        model = Encoder(load_checkpoint(Path(source))[0].to(best_device()))
        return cls.of_encoder(model, head, batch_size)

    @classmethod
    def example(cls, train: Sequence[Study]) -> Supervised:
        """One for the contract test: its "tower" is the film's mean and deviation."""
        concepts = tuple(sorted({concept for study in train for concept in study.labels}))
        weight = torch.linspace(-1, 1, 2 * len(concepts)).reshape(len(concepts), 2)
        return cls.of_tower(_brightness, TowerHead(concepts, weight, torch.zeros(len(concepts))))

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Logits (B, C) in the order of ``anchors``; neither words nor vectors of the anchors are looked at."""
        column = {concept: i for i, concept in enumerate(self.concepts)}

        def look_up(films: list[Pixels]) -> NDArray[np.float32]:
            logits = self.logits(films).numpy()
            none = np.full(len(films), np.nan, dtype=np.float32)
            return np.stack([logits[:, column[c]] if c in column else none for c in anchors.concepts], axis=1)

        scores = score_in_batches(studies, anchors, self.batch_size, look_up)
        unknown = {c: "not a label that it was trained with" for c in anchors.concepts if c not in column}
        return Scores(scores.study_ids, scores.concepts, scores.values, unknown)


def _tower_means(encoder: Any, images: Sequence[Pixels]) -> Tensor:
    """Images (1, h, w) -> the mean of the tower's states, (B, V)."""
    tower = encoder.encode([Study("", "", pixels=image) for image in images]).tower
    assert isinstance(tower, Tensor)
    return tower


def _linear(pool_films: PoolFilms, weight: Tensor, bias: Tensor, films: Sequence[Pixels]) -> Tensor:
    return pool_films(films).float() @ weight.T + bias


def _brightness(films: Sequence[Pixels]) -> Tensor:
    return torch.tensor([[float(film.mean()), float(film.std())] for film in films])


plugin = Supervised

"""Loss inputs given outright instead of computed by a model."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from radz import registry
from radz.config import LossConfig, ReadoutConfig, build_config
from radz.types import Anchors, BatchRows, Features

NAN = float("nan")


def unit(*shape: int, seed: int = 0) -> Tensor:
    """Random rows of unit norm, the same for the same seed."""
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def anchors(rows: Tensor) -> Anchors:
    """Anchors (C, E) of nameless concepts."""
    return Anchors(tuple(map(str, range(len(rows)))), rows, None, ((),) * len(rows), "test")


def pairs(labels, texts=None, uncertain=None) -> BatchRows:
    """Studies that all have image and report; ``labels`` is their number, or rows (B, C) of 1, 0 and NaN."""
    values = torch.zeros(labels, 0) if isinstance(labels, int) else torch.tensor(labels, dtype=torch.float32)
    return BatchRows.of_pairs(values, None if texts is None else torch.tensor(texts), uncertain)


@dataclass
class Inputs:
    """``LossInputs`` by hand; what a test leaves out is neutral."""

    features: Features
    rows: BatchRows
    anchors: Anchors = field(default_factory=lambda: anchors(unit(3, 12, seed=9)))
    second_view: Features | None = None
    hierarchy: Tensor = field(default_factory=lambda: torch.tensor([[1, 0, 2]]))
    drift: Tensor = field(default_factory=lambda: torch.zeros(()))
    captions: Tensor = field(default_factory=lambda: torch.ones(3))


def loss(name: str, granularity: str = "same", **settings):
    """A loss by name."""
    return registry.load("losses", name)(build_config(LossConfig, settings), ReadoutConfig(granularity=granularity))

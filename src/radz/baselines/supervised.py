"""Supervised references: the linear head of the tower's warm-up, or torchxrayvision's DenseNet.

The first is the tower that the method starts from; the method must not lose to it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from radz.baselines._images import best_device, ids_of, image_features
from radz.baselines._opening import BaselineContext, required
from radz.baselines._xrayvision import XrayVision
from radz.errors import CheckpointError
from radz.model.checkpoint import TOWER_HEAD, TowerHead, load_checkpoint, load_tower_head
from radz.model.encoder import Encoder
from radz.model.two_step import TwoStep, pixels_of
from radz.types import NORMAL, Anchors, ImageFeatures, Scores, Study, TwoStepModel


class Supervised(TwoStep):
    """Logits of the concepts that were trained; a concept without a label has no score, and a note says so.

    "No finding" is no disease: it has no score even where it was trained.
    """

    name = "supervised"
    of_run = "own"
    concepts: tuple[str, ...]

    @staticmethod
    def open(checkpoint: str | None, context: BaselineContext, *, batch_size: int = 16) -> Supervised:
        """A checkpoint of `radz train` with a warm-up, or torchxrayvision's weights by name or file."""
        source = required(Supervised.name, checkpoint)
        if not Path(source).is_dir():
            return LabelNetwork(XrayVision(source), batch_size)
        head = load_tower_head(Path(source))
        if head is None:
            raise CheckpointError(
                f"{source} has no {TOWER_HEAD}: its tower had no supervised warm-up, or moved on. "
                "Train with warmup, or choose another baseline."
            )
        encoder = Encoder(load_checkpoint(Path(source))[0].to(best_device()))
        return TowerHeadModel(encoder, head, batch_size)

    @staticmethod
    def of_encoder(encoder: TwoStepModel, head: TowerHead, batch_size: int = 16) -> TowerHeadModel:
        """The warm-up's head on the tower of ``encoder``, with which it shares each forward pass."""
        return TowerHeadModel(encoder, head, batch_size)

    @staticmethod
    def example(train: Sequence[Study]) -> Supervised:
        """One for the contract test: its "tower" is the image's mean and deviation."""
        concepts = tuple(sorted({concept for study in train for concept in study.labels}))
        weight = torch.linspace(-1, 1, 2 * len(concepts)).reshape(len(concepts), 2)
        return TowerHeadModel(_Brightness(), TowerHead(concepts, weight, torch.zeros(len(concepts))))

    @abstractmethod
    def logits(self, features: ImageFeatures) -> Tensor:
        """Logits (B, C) of ``concepts``."""

    @abstractmethod
    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""

    @torch.inference_mode()
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Logits (B, C) in the order of ``anchors``, whose words and vectors are ignored."""
        logits = self.logits(features).numpy()
        unlabelled = np.full(len(features), np.nan, dtype=np.float32)
        columns = {concept: logits[:, i] for i, concept in enumerate(self.concepts) if concept != NORMAL}
        values = np.stack([columns.get(concept, unlabelled) for concept in anchors.concepts], axis=1)
        notes = {c: "not a label that it was trained with" for c in anchors.concepts if c not in columns}
        return Scores(features.study_ids, anchors.concepts, values, notes)


class TowerHeadModel(Supervised):
    """The linear head of a warm-up on the tower states of another model, whose ``encode`` it shares."""

    def __init__(self, encoder: TwoStepModel, head: TowerHead, batch_size: int = 16) -> None:
        """encoder: a model whose features have ``tower``."""
        self.encoder, self.concepts, self.batch_size = encoder, head.concepts, batch_size
        self.weight, self.bias = head.weight.float().cpu(), head.bias.float().cpu()

    @property
    def encode(self) -> Callable[[Sequence[Study]], ImageFeatures]:
        """The other model's own method, so that a scorer sees that both share one forward pass."""
        return self.encoder.encode

    def logits(self, features: ImageFeatures) -> Tensor:
        """Tower means (B, V) -> (B, C)."""
        assert features.tower is not None
        return features.tower @ self.weight.T + self.bias

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        modules: list[nn.Module] = getattr(self.encoder, "modules", list)()
        return modules


class LabelNetwork(Supervised):
    """torchxrayvision's network, whose logits are its embedding."""

    def __init__(self, network: XrayVision, batch_size: int = 16) -> None:
        self.network, self.concepts, self.batch_size = network, network.concepts, batch_size

    @torch.inference_mode()
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Logits (B, C) as embeddings. Raises ImageError for a study without pixels."""
        return image_features(studies, self.network.logits(pixels_of(studies)))

    def logits(self, features: ImageFeatures) -> Tensor:
        """(B, C)."""
        return features.embedding

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.network.model]


class _Brightness(TwoStep):
    """Mean and deviation of an image, (B, 2), in the place of a tower."""

    name = "brightness"

    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """(B, 2)."""
        rows = torch.tensor([[float(image.mean()), float(image.std())] for image in pixels_of(studies)])
        return ImageFeatures(ids_of(studies), rows, tower=rows)

    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """The first statistic for every concept, (B, C)."""
        values = features.embedding[:, :1].expand(-1, len(anchors)).numpy()
        return Scores(features.study_ids, anchors.concepts, values)


plugin = Supervised

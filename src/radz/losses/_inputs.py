"""The inputs of losses in one training step."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from radz.types import Anchors, BatchRows, Features


class LossInputs(Protocol):
    """What losses compare, over the studies of all processes. Each property is computed when a loss first reads it."""

    @property
    def features(self) -> Features:
        """Unit features of F images and R reports, (F, D) and (R, D)."""
        ...

    @property
    def rows(self) -> BatchRows:
        """Labels (B, C) of the studies, and which study each image and report belongs to."""
        ...

    @property
    def anchors(self) -> Anchors:
        """Anchors (C, E) of the labels' columns, with gradients."""
        ...

    @property
    def second_view(self) -> Features | None:
        """Features of the same F images in another augmentation, (F, D); ``None`` if the batch holds none."""
        ...

    @property
    def hierarchy(self) -> Tensor:
        """Indices (child, ancestor, unrelated) into the anchors: (N, 3) int64."""
        ...

    @property
    def drift(self) -> Tensor:
        """Relative squared distance of the trained tokens and adapters from where they started, a scalar."""
        ...

    @property
    def captions(self) -> Tensor:
        """Cross-entropy of each report given its image, (P,), in nats per token, of the P studies that have both."""
        ...

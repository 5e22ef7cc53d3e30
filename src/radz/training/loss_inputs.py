"""The inputs of losses in a training step, each computed when a loss first reads it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from radz.anchors import Strategy
from radz.knowledge import Concept, KnowledgeBase
from radz.model.build import part_of
from radz.model.checkpoint import joined
from radz.model.radz import RadZ
from radz.training.captions import Captioner
from radz.training.distributed import gather, gather_features, gather_rows
from radz.training.grad_cache import GradCache
from radz.types import Anchors, BatchRows, Features, PairBatch, TextBatch


class LossInputSource:
    """Makes the loss inputs of each batch of one model."""

    def __init__(
        self,
        model: RadZ,
        concepts: Sequence[str],
        strategy: Strategy,
        knowledge: KnowledgeBase | None = None,
        *,
        chunk_size: int | None = None,
    ) -> None:
        """concepts: ids of the batches' label columns. knowledge: what anchors are made from, by default all that is
        shipped. chunk_size: images or texts whose activations are held at a time.

        Drift is measured from the model as it is now.
        """
        self.model, self.strategy, self.knowledge = model, strategy, knowledge or KnowledgeBase.load()
        self.concepts = [self.knowledge[concept] for concept in concepts]
        self.encode, self.chunk_size = GradCache(model, chunk_size), chunk_size
        self.start = [parameter.detach().clone() for parameter in drifting(model)]

    def __call__(self, batch: PairBatch) -> BatchInputs:
        """The inputs of one batch; nothing is computed yet."""
        return BatchInputs(self, batch)

    @cached_property
    def captioner(self) -> Captioner:
        """The whole decoder with its head; loading it draws no random numbers of the training."""
        with torch.random.fork_rng():
            return Captioner(self.model, self.chunk_size)

    @cached_property
    def hierarchy(self) -> Tensor:
        """Indices (child, ancestor, unrelated) of every such triple among the concepts: (N, 3) int64."""
        return hierarchy_rows(self.concepts, self.knowledge)


class BatchInputs:
    """``LossInputs`` of one batch: values per study are gathered from all processes, the rest is the same in each.

    All processes read the same properties in the same order.
    """

    def __init__(self, source: LossInputSource, batch: PairBatch) -> None:
        self.source, self.batch = source, batch

    @cached_property
    def features(self) -> Features:
        """Unit features of F images and R reports, (F, D) and (R, D)."""
        features = self.source.encode(self.batch.images, self.batch.texts.prompt)
        return gather_features(of_reports(features, self.batch.texts))

    @cached_property
    def rows(self) -> BatchRows:
        """Labels (B, C) of the studies, and which study each image and report belongs to."""
        return gather_rows(self.batch.rows)

    @cached_property
    def anchors(self) -> Anchors:
        """Anchors (C, E) as the model in training sees them, with gradients."""
        return self.source.strategy(self.source.concepts, self._encode_texts)

    @cached_property
    def second_view(self) -> Features | None:
        """Features of the same F images in another augmentation, (F, D), where the batch holds one."""
        view = self.batch.second_view
        return None if view is None else gather_features(self.source.encode(view))

    @cached_property
    def hierarchy(self) -> Tensor:
        """Indices (child, ancestor, unrelated) into the anchors: (N, 3) int64."""
        return self.source.hierarchy.to(self._device)

    @cached_property
    def drift(self) -> Tensor:
        """Squared distance of trained tokens and adapters from their start, relative to the start; a scalar."""
        start, now = self.source.start, [joined(parameter) for parameter in drifting(self.source.model)]
        moved = sum(((p - p0).square().sum() for p, p0 in zip(now, start, strict=True)), torch.tensor(0.0))
        size = sum((p0.square().sum() for p0 in start), torch.tensor(0.0))
        return (moved / size.clamp(min=1e-12)).to(self._device)

    @cached_property
    def captions(self) -> Tensor:
        """Cross-entropy of each report given its image, (P,), in nats per token."""
        return gather(self.source.captioner(self.batch))

    def _encode_texts(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit embeddings (N, E)."""
        model = self.source.model
        features = self.source.encode(texts=model.processor.text_prompt(texts).to(self._device))
        return features.text_embedding(model.config.readout.granularity)

    @property
    def _device(self) -> torch.device:
        return self.batch.rows.labels.device


def of_reports(features: Features, texts: TextBatch) -> Features:
    """Features with the text side of U distinct texts, (U, D) -> the same with that of R reports, (R, D)."""
    for name in ("text_global", "text_local", "text_tokens"):
        if (rows := getattr(features, name)) is not None:
            setattr(features, name, rows[texts.index])
    return features


def drifting(model: RadZ) -> list[Tensor]:
    """The token rows and adapters that train, of shapes (K, H) and (r, H) or (H, r), where r is the adapters' rank."""
    return [p for name, p in model.named_parameters() if p.requires_grad and part_of(name) in ("lora", "tokens")]


def hierarchy_rows(concepts: Sequence[Concept], knowledge: KnowledgeBase) -> Tensor:
    """Indices (child, ancestor, unrelated) of every such triple among ``concepts``: (N, 3) int64.

    An unrelated concept shares no ancestor with the child.
    """
    lines = [knowledge.lineage(concept.id) for concept in concepts]
    rows = [
        (child, ancestor, other)
        for child, line in enumerate(lines)
        for ancestor, concept in enumerate(concepts)
        if ancestor != child and concept.id in line
        for other, other_line in enumerate(lines)
        if line.isdisjoint(other_line)
    ]
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 3)

"""What losses compare features with, besides each other.

A loss names what it takes as further parameters of its ``forward``, after features and batch; only what some loss
of the run names is computed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from radz.anchors import Strategy
from radz.errors import ConfigError
from radz.knowledge import Concept, KnowledgeBase
from radz.model.build import part_of
from radz.model.checkpoint import joined
from radz.model.radz import RadZ
from radz.train.captions import Captioner
from radz.train.grad_cache import Chunked
from radz.types import Anchors, Batch, Features


def needs(loss: nn.Module) -> tuple[str, ...]:
    """Names of what ``loss`` takes besides features and batch."""
    return tuple(inspect.signature(loss.forward).parameters)[2:]


class Guidance:
    """Anchors of the training set's concepts, second views, hierarchy and drift of one model, as losses ask for them.

    concepts: ids, in the order of the batches' label columns. chunk_size: films or texts whose
    activations are held at a time. Raises ConfigError for a name that it does not have.
    """

    def __init__(
        self,
        model: RadZ,
        losses: Iterable[nn.Module],
        concepts: Sequence[str],
        strategy: Strategy,
        knowledge: KnowledgeBase | None = None,
        *,
        chunk_size: int | None = None,
    ) -> None:
        self.encode = Chunked(model, chunk_size)
        self.model, self.strategy, self.knowledge = model, strategy, knowledge or KnowledgeBase.load()
        self.makers: dict[str, Callable[[Batch], Any]] = {
            "anchors": self.anchors,
            "second_view": self.second_view,
            "hierarchy": self.hierarchy,
            "drift": self.drift,
            "captions": self.captions,
        }
        self.names = self._checked({name for loss in losses for name in needs(loss)})
        self.concepts = [self.knowledge[name] for name in concepts]
        self.rows = hierarchy_rows(self.concepts, self.knowledge)
        self.captioner = Captioner(model, chunk_size) if "captions" in self.names else None
        self.start = _near_start(model, copied=True) if "drift" in self.names else []

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """What the run's losses ask for, by name."""
        return {name: self.makers[name](batch) for name in self.names}

    def anchors(self, batch: Batch) -> Anchors:
        """Anchors (C, E) as the model in training sees them, with gradients."""
        return self.strategy(self.concepts, lambda texts: self._encode(texts, self._device(batch)))

    def second_view(self, batch: Batch) -> Features | None:
        """Features of the same films in another augmentation, where the batch holds one."""
        features: Features | None = None if batch.second_view is None else self.encode(batch.second_view)
        return features

    def captions(self, batch: Batch) -> Tensor:
        """Cross-entropy of each report given its film, (P,), in nats per token."""
        assert self.captioner is not None
        return self.captioner(batch)

    def hierarchy(self, batch: Batch) -> Tensor:
        """Rows (child, ancestor, unrelated) of indices into the concepts, (N, 3)."""
        return self.rows.to(self._device(batch))

    def drift(self, batch: Batch) -> Tensor:
        """Squared distance of what trains of tokens and adapters from its start, relative to the start; a scalar."""
        now = map(joined, _near_start(self.model))
        moved = sum(((p - start).square().sum() for p, start in zip(now, self.start, strict=True)), torch.tensor(0.0))
        size = sum((start.square().sum() for start in self.start), torch.tensor(0.0))
        return (moved / size.clamp(min=1e-12)).to(self._device(batch))

    def _encode(self, texts: Sequence[str], device: torch.device) -> Tensor:
        batch = Batch(text_prompt=self.model.processor.text_prompt(texts)).to(device)
        features: Features = self.encode(batch)
        return features.text_embedding(self.model.config.readout.granularity)

    def _device(self, batch: Batch) -> torch.device:
        assert batch.image_prompt is not None
        return batch.image_prompt.input_ids.device

    def _checked(self, names: set[str]) -> list[str]:
        unknown = sorted(names - self.makers.keys())
        if unknown:
            raise ConfigError(f"A loss asks for {unknown}, but training offers {sorted(self.makers)}.")
        return sorted(names)


def hierarchy_rows(concepts: Sequence[Concept], knowledge: KnowledgeBase) -> Tensor:
    """Indices (child, ancestor, unrelated) of every such triple among ``concepts``: int64 (N, 3).

    Unrelated is what shares no ancestor with the child.
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


def _near_start(model: RadZ, copied: bool = False) -> list[Tensor]:
    """Token rows and adapters that train, or copies of them."""
    chosen = [p for n, p in model.named_parameters() if p.requires_grad and part_of(n) in ("lora", "tokens")]
    return [p.detach().clone() for p in chosen] if copied else [*chosen]

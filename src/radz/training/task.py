"""Small objects tie a model to its losses, so that the training loop sees one module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from radz import registry
from radz.anchors import Strategy
from radz.anchors.names import names
from radz.config import LossConfig
from radz.errors import CheckpointError, ConfigError
from radz.knowledge import KnowledgeBase
from radz.model.build import part_of
from radz.model.checkpoint import learned_state, load_learned_state, whole
from radz.model.radz import RadZ
from radz.training.distributed import gather
from radz.training.loss_inputs import LossInputSource
from radz.training.weight_average import WeightAverage
from radz.types import PairBatch

AVERAGE = "average."
"""Starts the names of averaged tensors in a saved state."""


class AlignmentTask(nn.Module):
    """A RadZ model under its weighted losses."""

    def __init__(
        self,
        model: RadZ,
        config: LossConfig,
        concepts: Sequence[str] = (),
        strategy: Strategy = names,
        knowledge: KnowledgeBase | None = None,
        *,
        chunk_size: int | None = None,
    ) -> None:
        """concepts: ids of the batches' label columns, whose anchors ``strategy`` makes from ``knowledge``, by default
        the shipped one. chunk_size: images or texts whose activations are held at a time."""
        super().__init__()
        self.model, self.weights = model, config.weights
        self.losses = nn.ModuleDict(
            {name: registry.load("losses", name)(config, model.config.readout) for name in config.weights}
        )
        self.inputs = LossInputSource(model, concepts, strategy, knowledge, chunk_size=chunk_size)
        self._no_split_modules = model.decoder.get_base_model()._no_split_modules  # what FSDP shards one by one

    def forward(self, batch: PairBatch) -> dict[str, Tensor]:
        """Scalars over all processes' studies: each unweighted term by name, and the weighted total, ``loss``."""
        inputs = self.inputs(batch)
        terms: dict[str, Tensor] = {}
        for loss in self.losses.values():
            terms |= loss(inputs)
        if terms.keys() != self.weights.keys():
            raise ConfigError(
                f"Loss terms {sorted(terms)} and weights {sorted(self.weights)} differ: every term needs one weight."
            )
        total = torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()
        return {**terms, "loss": total}

    def learned_state(self) -> dict[str, Tensor]:
        """The model's learned tensors (...) and those of the losses, such as a learned temperature (1,)."""
        return {**learned_state(self.model), **{f"losses.{n}": whole(t) for n, t in self.losses.state_dict().items()}}

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Load what ``learned_state`` returned, tensors (...) by name."""
        mark = "losses."
        self.losses.load_state_dict({n.removeprefix(mark): t for n, t in state.items() if n.startswith(mark)})
        load_learned_state(self.model, {n: t for n, t in state.items() if not n.startswith(mark)})

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters by part; those of the losses go with the heads."""
        groups: dict[str, list[nn.Parameter]] = defaultdict(list)
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                groups[part_of(name) or "lora"].append(parameter)
        groups["heads"] += [p for p in self.losses.parameters() if p.requires_grad]
        return groups


class TowerTask(nn.Module):
    """Supervised warm-up: the tower under a linear head, one sigmoid per label.

    average: a moving average of the weights, or ``None``.
    """

    def __init__(
        self,
        model: RadZ,
        targets: int,
        *,
        dropout: float = 0.2,
        average: float | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """average: decay of the moving average. dtype: what the tower computes in."""
        super().__init__()
        self.__dict__["radz"] = model  # not a submodule: only its tower trains here
        self.radz: RadZ
        self.tower = model.tower
        self.head = nn.Linear(model.vision.vision_config.hidden_size, targets)
        self.dropout, self.dtype = dropout, dtype
        self.average = None if average is None else WeightAverage(average)

    def logits(self, pixel_values: Tensor) -> Tensor:
        """Pixel values (B, 3, h, w) -> (B, C), one logit per label."""
        with torch.autocast(pixel_values.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            states = self.radz.tower_states(pixel_values)  # (B, P, V)
        pooled = states.float().mean(1)
        logits: Tensor = self.head(F.dropout(pooled, self.dropout, self.training))
        return logits

    def forward(self, batch: PairBatch) -> dict[str, Tensor]:
        """Binary cross-entropy over the known ones of labels (B, C), hard or soft, in the batches of all processes."""
        logits, labels = gather(self.logits(batch.images.values)), gather(batch.rows.labels)
        known = ~labels.isnan()
        loss = F.binary_cross_entropy_with_logits(logits[known], labels[known])
        return {"warmup": loss, "loss": loss}

    @contextmanager
    def moving_statistics(self) -> Iterator[None]:
        """BatchNorm follows the batches here, and nowhere else."""
        frozen = getattr(self.tower, "freeze_batch_norm", None)
        if frozen is not None:
            self.tower.freeze_batch_norm = False  # type: ignore[assignment]  # a flag, not a module
        try:
            yield
        finally:
            if frozen is not None:
                self.tower.freeze_batch_norm = frozen
                self.tower.eval()

    def weights(self) -> dict[str, Tensor]:
        """Tower with its buffers, and the linear head (C, V), by name."""
        return {n: whole(t) for n, t in self.state_dict().items()}

    def after_step(self) -> None:
        """Take the new weights into the average."""
        if self.average is not None:
            self.average.update(self.weights())

    def take_average(self) -> None:
        """Put the averaged weights in the place of the last ones, where there is an average."""
        if self.average is not None:
            self.load_state_dict(self.average.tensors)
            self.average = None

    def learned_state(self) -> dict[str, Tensor]:
        """``weights``, and their average so far, tensors (...) by name."""
        average = {} if self.average is None else self.average.tensors
        return {**self.weights(), **{AVERAGE + n: t for n, t in average.items()}}

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Load what ``learned_state`` returned, tensors (...) by name.

        Raises CheckpointError if it was warmed up for another number of labels.
        """
        rows, targets = len(state["head.weight"]), self.head.out_features
        if rows != targets:
            raise CheckpointError(
                f"The warm-up was saved for {rows} labels, and this run has {targets}: set warmup.targets to "
                "'findings' for a warm-up of radz 0.1, or choose another output."
            )
        self.load_state_dict({n: t for n, t in state.items() if not n.startswith(AVERAGE)})
        if self.average is not None:
            self.average.tensors = {n.removeprefix(AVERAGE): t for n, t in state.items() if n.startswith(AVERAGE)}

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """One rate for all."""
        return {"tower": list(self.parameters())}

"""Training the baseline ``dual_encoder``: the run's data, tower, batches, loss and loop, another model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from radz import registry
from radz.baselines.dual_encoder import PairConfig, PairNet, PairProcessor, load_sentence_encoder
from radz.config import LossConfig, ModelConfig, ReadoutConfig, RunConfig, TrainConfig
from radz.data.loader import TowerStates
from radz.errors import ConfigError
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import require_unseen
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, whole
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.storage import atomic_directory
from radz.training.data import TrainingData, open_training_data
from radz.training.distributed import gather_features, gather_rows, is_main, this_process, wait
from radz.training.loop import fit
from radz.training.loss_inputs import of_reports
from radz.training.output_dir import save_settings
from radz.training.run_provenance import describe_run
from radz.training.tower_warmup import warm_up_tower
from radz.types import BatchRows, Features, PairBatch

WIDTH = 256
"""D, where the configuration leaves the readout's width open."""
TEXT_RATE = 5e-5
"""Peak rate of the sentence encoder, which starts from what it knows."""


@dataclass(frozen=True, slots=True)
class PairInputs:
    """What the alignment loss reads of ``LossInputs``."""

    features: Features
    rows: BatchRows


class PairTask(nn.Module):
    """The pair under the alignment loss of the run, so that equal and overlapping label sets count as they do there."""

    def __init__(self, net: PairNet, config: LossConfig) -> None:
        super().__init__()
        self.net = net
        self.loss = registry.load("losses", "alignment")(config, ReadoutConfig(granularity="same"))

    def forward(self, batch: PairBatch) -> dict[str, Tensor]:
        """Scalars: the loss over the pairs of all processes, twice."""
        features = of_reports(self.net(batch.images, batch.texts.prompt), batch.texts)
        alignment = self.loss(PairInputs(gather_features(features), gather_rows(batch.rows)))["alignment"]
        return {"alignment": alignment, "loss": alignment}

    def train(self, mode: bool = True) -> PairTask:
        """Training mode, but for a tower that does not train."""
        super().train(mode)
        if not any(p.requires_grad for p in self.net.tower.parameters()):
            self.net.tower.eval()
        return self

    def learned_state(self) -> dict[str, Tensor]:
        """All tensors (...) by name, those of the tower included."""
        return {n: whole(t) for n, t in self.state_dict().items()}

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Load what ``learned_state`` returned, tensors (...) by name."""
        self.load_state_dict(state)

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters of tower, text and heads; those of the loss go with the heads."""
        net = self.net
        parts: dict[str, list[Any]] = {"tower": [net.tower], "text": [net.text]}
        parts["heads"] = [net.image_head, net.text_head, self.loss]
        return {
            part: [p for module in modules for p in module.parameters() if p.requires_grad]
            for part, modules in parts.items()
        }


def train_dual_encoder(config: RunConfig, text: str | None = None, command: str = "") -> Path:
    """Train, or resume, in ``config.output``; return the checkpoint directory.

    The data, the warm-up, the temperature, the treatment of overlaps and the schedule are those of the configuration;
    its decoder settings are not used. The tower trains where train_parts says so. text: a sentence encoder other than
    MiniLM. Raises ConfigError for a stage and for cross-fitting: a pair is trained in one run, on one tower.
    """
    if config.stage:
        raise ConfigError(
            f"dual_encoder is trained in one run, but this configuration is of stage '{config.stage}'. Remove stage."
        )
    if config.train.cross_fit is not None:
        raise ConfigError("dual_encoder is trained on the states of one tower: leave train.cross_fit out.")
    device = this_process().device
    data = open_training_data(config.data, config.seed, config.train.batch_size, config.descriptions)
    save_settings(config)
    model, start = _with_tower(config.model, config.seed, config.start)
    model.to(device)
    if start is not None:
        require_unseen(config.data.held_out, start, KnowledgeBase.load())
    if config.warmup is not None:
        warm_up_tower(model, data, config.warmup, config.train, output=config.output, shared=config.shared)
    net = make_pair(model, config.seed, config.model.readout.dim or WIDTH, text)
    states = data.tower_states(model, config.shared)
    fit_pair(net.to(device), data, config.train, config.loss, folder=config.output / "align", states=states)
    checkpoint = config.output / "checkpoint"
    if is_main():
        provenance = describe_run(data, start, command=command, anchors=config.anchors, warmup=config.warmup)
        with atomic_directory(checkpoint) as partial:
            net.save(partial, provenance)
    wait()
    return checkpoint


def fit_pair(
    net: PairNet,
    data: TrainingData,
    config: TrainConfig,
    loss: LossConfig,
    *,
    folder: Path,
    states: TowerStates | None = None,
) -> None:
    """Train the pair on the run's batches; ``states``: cached ones of the tower."""
    task = PairTask(net, loss).to(next(net.parameters()).device)
    net.requires_grad_(True)
    net.tower.requires_grad_("tower" in config.train_parts)
    batches = data.loader(
        net.processor,
        config.batch_size,
        data.concepts,
        workers=config.workers,
        within=data.settings.batch_within,
        states=states,
    )
    fit_standardization(net, batches)
    rates = {"heads": config.head_rate, "text": TEXT_RATE, "tower": config.tower_rate}
    fit(task, batches, config, folder, data.seed, rates=rates)


@torch.no_grad()
def fit_standardization(net: PairNet, loader: Any) -> None:
    """Measure both heads' means and standard deviations (H,) on the first four training batches."""
    net.eval()
    device = next(net.parameters()).device
    rows: dict[str, list[Tensor]] = {"image": [], "text": []}
    for batch in itertools.islice(loader, 4):
        here = batch.to(device)
        rows["image"].append(net.image_states(here.images))
        rows["text"].append(net.text_states(here.texts.prompt))
    net.image_head.fit_standardization(torch.cat(rows["image"]))
    net.text_head.fit_standardization(torch.cat(rows["text"]))


def make_pair(model: RadZ, seed: int, width: int, text: str | None = None) -> PairNet:
    """A pair around the tower of ``model``, its heads freshly started from ``seed``; ``width`` is D."""
    encoder, tokenizer = load_sentence_encoder(text)
    vision = model.vision
    shape = PairConfig(width, vision.vision_feature_layer, str(vision.vision_feature_select_strategy))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PairNet(shape, model.tower, encoder, PairProcessor(model.processor.image_processor, tokenizer))


def _with_tower(config: ModelConfig, seed: int, start: Path | None) -> tuple[RadZ, Provenance | None]:
    """The model whose tower the pair gets: that of the checkpoint ``start``, or the backbone's."""
    return (build_model(config, seed), None) if start is None else load_checkpoint(start, config.source)

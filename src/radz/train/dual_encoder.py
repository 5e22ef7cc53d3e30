"""Training the baseline ``dual_encoder``: the run's own data, tower, batches, loss and trainer, another model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from radz import registry
from radz.baselines.dual_encoder import PairConfig, PairNet, PairProcessor, load_sentence_encoder
from radz.config import LossConfig, ReadoutConfig, RunConfig
from radz.errors import ConfigError
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import require_unseen
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, whole
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.train.data import open_training_data
from radz.train.distributed import gather_features, gather_rows, is_main, this_process, wait
from radz.train.loop import training_arguments
from radz.train.loss_inputs import of_reports
from radz.train.train import describe_run, fit, warm_up_tower
from radz.types import BatchRows, Features, PairBatch

WIDTH = 256
"""D, where the configuration leaves the readout's own width open."""
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
        """The loss over the pairs of all processes."""
        features = of_reports(self.net(batch.images, batch.texts.prompt), batch.texts)
        alignment = self.loss(PairInputs(gather_features(features), gather_rows(batch.rows)))["alignment"]
        return {"loss": alignment, "alignment": alignment}

    def train(self, mode: bool = True) -> PairTask:
        """Training mode, but for a tower that does not train."""
        super().train(mode)
        if not any(p.requires_grad for p in self.net.tower.parameters()):
            self.net.tower.eval()
        return self

    def learned_state(self) -> dict[str, Tensor]:
        """Everything; the tower, too."""
        return {n: whole(t) for n, t in self.state_dict().items()}

    def load_learned_state(self, state: dict[str, Tensor]) -> None:
        """Put back what ``learned_state`` gave."""
        self.load_state_dict(state)

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters of tower, text and heads; the loss's own go with the heads."""
        net = self.net
        parts: dict[str, list[Any]] = {"tower": [net.tower], "text": [net.text]}
        parts["heads"] = [net.image_head, net.text_head, self.loss]
        return {
            part: [p for module in modules for p in module.parameters() if p.requires_grad]
            for part, modules in parts.items()
        }


def train_dual_encoder(config: RunConfig, text: str | None = None, command: str = "") -> Path:
    """Train, or resume, in ``config.output``; return the checkpoint directory.

    Of the configuration the data, the warm-up, the temperature and treatment of overlaps, and the schedule count; what
    is said of the decoder does not. The tower trains where train_parts says so. text: a sentence encoder other than
    MiniLM. Raises ConfigError for a stage: a pair is trained in one.
    """
    if config.stage:
        raise ConfigError(f"dual_encoder is trained in one run, but this configuration is of stage '{config.stage}'.")
    this_process()
    data = open_training_data(config)
    config.output.mkdir(parents=True, exist_ok=True)
    if is_main():
        (config.output / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    model, start = _with_tower(config)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if config.warmup is not None:
        warm_up_tower(model, data, config)
    net = make_pair(model, config, text)
    task = PairTask(net, config.loss).to(next(model.parameters()).device)
    net.requires_grad_(True)
    net.tower.requires_grad_("tower" in config.train.train_parts)
    loader = partial(data.loader, net, config, config.train.batch_size, data.concepts)  # type: ignore[arg-type]
    batches = loader(within=config.data.batch_within, states=data.tower_states(model, config))
    fit_standardization(net, batches)
    rates = {"heads": config.train.head_rate, "text": TEXT_RATE, "tower": config.train.tower_rate}
    fit(task, batches, training_arguments(config.train, config.output / "align", config.seed), rates)
    checkpoint = config.output / "checkpoint"
    if is_main():
        checkpoint.mkdir(exist_ok=True)
        net.save(checkpoint, describe_run(data, config, command, start))
    wait()
    return checkpoint


@torch.no_grad()
def fit_standardization(net: PairNet, loader: Any) -> None:
    """Measure both heads' statistics on the first four training batches, as those of our model are."""
    net.eval()
    device = next(net.parameters()).device
    rows: dict[str, list[Tensor]] = {"image": [], "text": []}
    for batch in itertools.islice(loader, 4):
        here = batch.to(device)
        rows["image"].append(net.image_states(here.images))
        rows["text"].append(net.text_states(here.texts.prompt))
    net.image_head.fit_standardization(torch.cat(rows["image"]))
    net.text_head.fit_standardization(torch.cat(rows["text"]))


def make_pair(model: RadZ, config: RunConfig, text: str | None = None) -> PairNet:
    """A pair around the tower of ``model``, its heads freshly started."""
    encoder, tokenizer = load_sentence_encoder(text)
    vision = model.vision
    shape = PairConfig(
        config.model.readout.dim or WIDTH, vision.vision_feature_layer, str(vision.vision_feature_select_strategy)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return PairNet(shape, model.tower, encoder, PairProcessor(model.processor.image_processor, tokenizer))


def _with_tower(config: RunConfig) -> tuple[RadZ, Provenance | None]:
    """The model whose tower the pair gets: that of ``config.start``, or the backbone's."""
    if config.start is None:
        return build_model(config.model, config.seed), None
    model, provenance = load_checkpoint(config.start, config.model.source)
    require_unseen(config.data.held_out, provenance, KnowledgeBase.load())
    return model, provenance

"""One training run, from a configuration to a checkpoint directory."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from radz import registry
from radz.config import DataConfig, RunConfig
from radz.data.augment import augment
from radz.data.loading import Augment, PairCollator, PairDataset, PairSampler, TowerStates, WriteText, train_loader
from radz.data.sentences import write_report
from radz.errors import CorpusError
from radz.knowledge import KnowledgeBase
from radz.model.build import build_model, freeze
from radz.model.checkpoint import load_checkpoint, load_learned_state, save_checkpoint
from radz.model.precision import choose_dtype, hold_base_in
from radz.model.radz import RadZ
from radz.provenance import Provenance
from radz.train.task import AlignmentTask, TowerTask
from radz.train.tower_cache import cache_tower
from radz.train.trainer import RadzTrainer, last_state, training_arguments
from radz.types import Batch, Study

log = logging.getLogger(__name__)
Validate = Callable[[RadZ], dict[str, float]]
"""Model -> metrics on the validation split; evaluation lives on the same floor, so it is passed in."""


def train(config: RunConfig, validate: Validate | None = None, command: str = "") -> Path:
    """Train, or resume, the run in ``config.output``; return its final checkpoint directory."""
    config.output.mkdir(parents=True, exist_ok=True)
    (config.output / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    data = prepare_data(config)
    model = load_checkpoint(config.start)[0] if config.start else build_model(config.model, config.seed)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    if config.warmup is not None:
        warm_up_tower(model, data, config)
    align(model, data, config, validate)
    checkpoint = config.output / "checkpoint"
    save_checkpoint(model, checkpoint, provenance_of(model, data, config, command))
    return checkpoint


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training split and how its pairs are made."""

    corpus: Any
    records: Sequence[Study]
    concepts: tuple[str, ...]
    write_text: WriteText
    augment: Augment | None


def prepare_data(config: RunConfig) -> TrainingData:
    """Open the corpus's training split and settle its texts and augmentation."""
    data = config.data
    corpus = registry.load("corpora", data.corpus)(data.root, split=data.train_split, **data.options)
    if len(corpus) < config.train.batch_size:
        raise CorpusError(
            f"The split '{data.train_split}' of {data.corpus} has {len(corpus)} studies, fewer than one batch of "
            f"{config.train.batch_size}: lower train.batch_size or check data.options."
        )
    augmentation = partial(augment, seed=config.seed, flip=data.flip) if data.augment else None
    return TrainingData(corpus, corpus.records, tuple(corpus.findings), text_writer(data, corpus, config.seed), augmentation)


def text_writer(data: DataConfig, corpus: Any, seed: int) -> WriteText:
    """The policy that gives each study its text."""
    if data.report_policy == "report":
        return _own_report
    knowledge = KnowledgeBase.load()
    names = {concept: knowledge.names(concept) for concept in corpus.findings}
    return partial(_sentences, names=names, policy=data.report_policy, seed=seed, variants=data.text_variants)


def warm_up_tower(model: RadZ, data: TrainingData, config: RunConfig) -> None:
    """Supervised warm-up on the training split; the tower and its linear head are kept in ``tower.safetensors``."""
    saved = config.output / "tower.safetensors"
    findings = tuple(c for c in data.concepts if c != "no_finding")
    task = TowerTask(model, len(findings))
    if saved.is_file():
        task.load_learned_state(load_file(saved))
        return
    assert config.warmup is not None
    settings = config.train.model_copy(
        update={
            "epochs": config.warmup.epochs,
            "max_steps": -1,
            "batch_size": config.warmup.batch_size,
            "learning_rate": config.warmup.learning_rate,
            "weight_decay": config.warmup.weight_decay,
        }
    )
    freeze(model, ("tower",))
    model.tower.freeze_batch_norm = False
    loader = make_loader(model, data, config, settings.batch_size, findings, None)
    fit(task, loader, training_arguments(settings, config.output / "warmup", config.seed), {"tower": config.warmup.learning_rate})
    model.tower.freeze_batch_norm = True
    save_file(task.learned_state(), saved)


def align(model: RadZ, data: TrainingData, config: RunConfig, validate: Validate | None) -> None:
    """DFAT: align image and report features."""
    freeze(model, config.train.train_parts)
    states = cached_states(model, data, config)
    loader = make_loader(model, data, config, config.train.batch_size, data.concepts, states)
    hold_base_in(model, choose_dtype(config.train.dtype))
    if config.train.checkpointing:
        model.decoder.gradient_checkpointing_enable({"use_reentrant": False})
    if config.start is None:
        calibrate(model, loader)
    rates = dict.fromkeys(("lora", "tokens", "heads"), config.train.learning_rate)
    rates |= {"tower": config.train.tower_rate, "projector": config.train.projector_rate}
    arguments = training_arguments(config.train, config.output / "align", config.seed)
    fit(AlignmentTask(model, config.loss), loader, arguments, rates, validate)


def make_loader(
    model: RadZ, data: TrainingData, config: RunConfig, batch_size: int, concepts: tuple[str, ...], states: TowerStates | None
) -> Any:
    """Batches of pairs in an order fixed by seed and epoch."""
    dataset = PairDataset(data.corpus, data.records, data.write_text, data.augment, states)
    sampler = PairSampler(data.records, batch_size, config.data.batch_within, config.seed)
    return train_loader(dataset, sampler, PairCollator(model.processor, concepts), config.train.workers)


def cached_states(model: RadZ, data: TrainingData, config: RunConfig) -> TowerStates | None:
    """The frozen tower's states, or ``None`` where the tower runs in every step."""
    views = config.data.cached_views
    if not views:
        return None
    return cache_tower(model, data.corpus, views if data.augment else 1, data.augment, _progress("tower states"))


@torch.no_grad()
def calibrate(model: RadZ, loader: Any, batches: int = 4) -> None:
    """Measure each head's statistics on states of the first training batches."""
    model.eval()
    device = next(model.parameters()).device
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in model.readout.heads}
    for batch in itertools.islice(loader, batches):
        here: Batch = batch.to(device)
        assert here.text_prompt is not None
        for modality, states in (("image", model.read_image(here)), ("text", model.read_text(here.text_prompt))):
            for name, state in zip(("global", "local"), states, strict=True):
                rows[f"{modality}_{name}"].append(state.float())
    for name, states in rows.items():
        model.readout.heads[name].calibrate(torch.cat(states))


def fit(task: Any, loader: Any, arguments: Any, rates: dict[str, float], validate: Validate | None = None) -> None:
    """Run the trainer, resuming from its newest whole state."""
    trainer = RadzTrainer(task, loader, arguments, rates)
    if validate is not None:
        trainer.add_callback(_Validation(trainer, validate))
    trainer.train(resume_from_checkpoint=last_state(Path(arguments.output_dir)))


class _Validation(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Validation metrics after each epoch, logged, never used to choose on a test split."""

    def __init__(self, trainer: RadzTrainer, validate: Validate) -> None:
        self.trainer, self.validate = trainer, validate

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        task = self.trainer.model
        metrics = self.validate(task.model)
        task.train()
        self.trainer.log({f"val_{name}": value for name, value in metrics.items()})


def provenance_of(model: RadZ, data: TrainingData, config: RunConfig, command: str) -> dict[str, Any]:
    """What the checkpoint has seen."""
    raise NotImplementedError


def _own_report(study: Study, epoch: int) -> str:
    if not study.report:
        raise CorpusError(
            f"Study {study.study_id} has no report, and data.report_policy is 'report': choose 'varied' to write "
            "sentences from labels, or leave studies without reports out."
        )
    return study.report


def _sentences(study: Study, epoch: int, **settings: Any) -> str:
    return write_report(study, epoch=epoch, **settings)


def _progress(label: str) -> Callable[[Iterator[int], int], Iterator[int]]:
    from tqdm.auto import tqdm

    return lambda steps, total: iter(tqdm(steps, total=total, desc=label))

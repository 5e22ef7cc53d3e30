"""One training run, from a configuration to a checkpoint directory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback

from radz.anchors import learns, open_strategy
from radz.config import DataConfig, RunConfig, TrainConfig, TrainedAnchorsConfig
from radz.data.views.folds import fold_of
from radz.errors import ConfigError, LeakageError
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import count_mentions, require_left_out, require_unseen
from radz.leakage.membership import origin_of, pack_ids
from radz.leakage.overlap import trained_corpora
from radz.model.build import add_anchors, build_model, freeze
from radz.model.checkpoint import (
    TowerHead,
    load_checkpoint,
    load_parts,
    load_tower_head,
    read_description,
    save_checkpoint,
)
from radz.model.precision import choose_dtype, hold_base_in
from radz.model.quiet import quietly
from radz.model.radz import RadZ
from radz.model.readout import States
from radz.provenance import Provenance, add_labels, data_sha256, describe_data, software_versions
from radz.train.data import TrainingData, open_training_data
from radz.train.distributed import (
    is_main,
    main_first,
    make_shardable,
    rank_and_world_size,
    shards,
    this_process,
    unshard,
    wait,
)
from radz.train.grad_cache import image_chunks, text_chunks, text_groups
from radz.train.loop import (
    STATE,
    RadzTrainer,
    last_state,
    mean_state,
    steps_done,
    steps_planned,
    training_arguments,
)
from radz.train.sharing import alone, shared_tower
from radz.train.stages import claim, first_to_read, other_parts, require_fit, require_stage
from radz.train.task import AlignmentTask, TowerTask
from radz.types import NORMAL, PairBatch

Validate = Callable[[RadZ], dict[str, float]]
"""Model -> metrics on the validation split; evaluation lives on the same floor, so it is passed in."""


def train(config: RunConfig, validate: Validate | None = None, command: str = "") -> Path:
    """Train, or resume, the run in ``config.output``; return its final checkpoint directory.

    A stage that is finished is not trained again.
    """
    require_stage(config)
    this_process()
    data = open_training_data(config)
    with main_first():
        finished = _open_output(config, data)
    if finished is not None:
        return finished
    model, start = _starting_model(config)
    if start is not None:
        require_unseen(config.data.held_out, start, KnowledgeBase.load())
        require_left_out(config.data.corpus, config.data.val_split, str(fold_of(config.data) or ""), start)
    if learns(config.anchors):
        add_anchors(model, _trained_anchors(config, data.concepts), config.seed)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    head = warm_up_tower(model, data, config) if config.warmup is not None else _head_of_start(config)
    align(model, data, config, validate, measure=first_to_read(config, start))
    checkpoint = config.output / "checkpoint"
    kept_head = None if "tower" in config.train.train_parts else head
    if is_main():
        save_checkpoint(
            model, checkpoint, describe_run(data, config, command, start), kept_head, config.train.half_parts
        )
    wait()
    return checkpoint


def warm_up_tower(model: RadZ, data: TrainingData, config: RunConfig) -> TowerHead:
    """Supervised warm-up on the training split; the tower and its linear head are kept in ``tower.safetensors``."""
    findings = tuple(c for c in data.concepts if c != NORMAL)
    folder = shared_tower(config, data.records) or config.output
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # the head's start must not depend on what ran before
        task = TowerTask(model, len(findings))
    with alone(config.shared and folder):
        if (folder / "tower.safetensors").is_file():
            task.load_learned_state(load_file(folder / "tower.safetensors"))
        else:
            _fit_tower(task, data, config, findings, folder)
    return TowerHead(findings, task.head.weight.detach().cpu(), task.head.bias.detach().cpu())


def align(
    model: RadZ, data: TrainingData, config: RunConfig, validate: Validate | None, *, measure: bool = True
) -> None:
    """Train the configured parts under the configured losses; ``measure`` the heads' statistics first."""
    freeze(model, config.train.train_parts)
    batches = partial(
        data.loader,
        model,
        config,
        config.train.batch_size,
        data.concepts,
        within=config.data.batch_within,
        states=data.tower_states(model, config),
        second_view=config.data.second_view,
        archives=data.archives(model, config),
    )
    hold_base_in(model, choose_dtype(config.train.dtype))
    if config.train.checkpointing:
        with quietly():  # transformers 5.24 calls it activation_checkpointing_enable, earlier ones do not
            model.decoder.gradient_checkpointing_enable({"use_reentrant": False})
    if measure:
        fit_standardization(model, batches(shared=False), config.train.chunk_size)
    arguments = training_arguments(config.train, config.output / "align", config.seed)
    strategy = open_strategy(config.anchors, model.anchors)
    size = config.train.chunk_size
    task = AlignmentTask(model, config.loss, data.concepts, strategy, data.knowledge, chunk_size=size)
    fit(task, batches(), arguments, rates_of(config.train), validate)
    if config.train.average_states > 1:
        task.load_learned_state(mean_state(Path(arguments.output_dir), config.train.average_states))


def rates_of(config: TrainConfig) -> dict[str, float]:
    """Peak learning rate of each part."""
    rates = {"lora": config.learning_rate, "tokens": config.learning_rate, "heads": config.head_rate}
    rates["anchors"] = config.head_rate
    return rates | {"tower": config.tower_rate, "projector": config.projector_rate}


@torch.no_grad()
def fit_standardization(model: RadZ, loader: Any, chunk_size: int | None = None, pairs: int = 256) -> None:
    """Measure each head's statistics on states of the first training batches: four, or fewer that hold ``pairs``."""
    model.eval()
    device = next(model.parameters()).device
    rows: dict[str, list[Tensor]] = {name: [] for name in model.readout.heads}
    for batch in itertools.islice(loader, 4):
        for modality, states in _read_states(model, batch.to(device), chunk_size):
            for name, state in (("global", states.whole), ("local", states.local_rows)):
                rows[f"{modality}_{name}"].append(state.float())
        if sum(map(len, rows["image_global"])) >= pairs:
            break
    model.readout.fit_standardization({name: torch.cat(own) for name, own in rows.items()})


def fit(task: Any, loader: Any, arguments: Any, rates: dict[str, float], validate: Validate | None = None) -> None:
    """Run the trainer, resuming from its newest whole state; a run that is through, or has no step, stays as it is."""
    if steps_planned(arguments, loader) == 0:
        return
    newest = last_state(Path(arguments.output_dir))
    if newest is not None and steps_done(newest) >= steps_planned(arguments, loader):
        task.load_learned_state(load_file(Path(newest) / STATE))  # transformers would take one more step
        return
    if shards():
        make_shardable(task)
        if newest is not None:  # each process takes its part of it when the trainer shards
            task.load_learned_state(load_file(Path(newest) / STATE))
    trainer = RadzTrainer(task, loader, arguments, rates)
    if validate is not None and not shards():  # FSDP runs the task as a whole alone, in all processes at once
        trainer.add_callback(_Validation(trainer, validate))
    trainer.train(resume_from_checkpoint=newest)
    unshard(task)


def describe_run(data: TrainingData, config: RunConfig, command: str, start: Provenance | None) -> Provenance:
    """What the checkpoint has seen; what an earlier stage has seen stays seen."""
    policy = config.data.report_policy
    texts = [study.report or "" for study in (*(data.records if policy == "report" else ()), *data.texts)]
    fields = describe_data(data.records) | {"mentioned": count_mentions(texts, KnowledgeBase.load())}
    fields["supervised"] = add_labels(fields["supervised"], data.texts, data.concepts)
    if start is not None:
        for name in ("supervised", "mentioned"):
            fields[name] = getattr(start, name) | fields[name]
    warmup = config.warmup and f"supervised, {config.warmup.epochs} epochs with the labels of the training split"
    fields |= describe_films(data, config.data, start)
    return Provenance(
        stage=config.stage,
        command=command,
        seed=config.seed,
        corpus=config.data.corpus,
        split=config.data.train_split,
        fold=str(fold_of(config.data) or ""),
        policies=dict(data.corpus.policies),
        text_policy=policy,
        held_out=tuple(sorted(data.held_out)),
        unlabelled={k: len(v) for k, v in (("images", data.films or ()), ("texts", data.texts)) if v},
        warmup=warmup or (start.warmup if start else ""),
        anchors=config.anchors,
        software=software_versions(),
        started_from=start.fingerprint if start else "",
        **fields,
    )


def describe_films(data: TrainingData, settings: DataConfig, start: Provenance | None) -> dict[str, Any]:
    """Which corpora, films and patients the checkpoint has met, earlier stages included; all of them or none."""
    recorded = settings.record_ids and (start is None or bool(start.trained_ids))
    films = [(data.corpus, data.records, settings.corpus)]
    if data.films is not None and settings.unlabelled.images is not None:
        films.append((data.films, data.films.records, settings.unlabelled.images.corpus))
    corpora, met = trained_corpora(start) if start else (), start.trained_ids if start else ""
    for corpus, records, name in films:
        corpora = (*corpora, origin_of(corpus, name))
        met = pack_ids(records, corpora[-1], met) if recorded else ""
    return {"corpora": tuple(dict.fromkeys(corpora)), "trained_ids": met}


class _Validation(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Validation metrics after each epoch, logged."""

    def __init__(self, trainer: RadzTrainer, validate: Validate) -> None:
        self.trainer, self.validate = trainer, validate

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not is_main():
            return
        task = self.trainer.model
        metrics = self.validate(task.model)
        task.train()
        self.trainer.log({f"val_{name}": value for name, value in metrics.items()})


def _open_output(config: RunConfig, data: TrainingData) -> Path | None:
    """Make the run's directory and write its settings there; the checkpoint of a stage that is finished."""
    config.output.mkdir(parents=True, exist_ok=True)
    _require_same_data(config)
    finished = claim(config, data_sha256(data.records)) if config.stage else None
    if is_main():
        (config.output / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    return finished


def _read_states(model: RadZ, batch: PairBatch, chunk_size: int | None) -> Iterator[tuple[str, States]]:
    """(modality, its states) of a batch, whole or in chunks."""
    for images in image_chunks(batch.images, chunk_size or len(batch.images)):
        yield "image", model.read_image(images)
    for texts in text_chunks(batch.texts.prompt, text_groups(batch.texts.prompt, chunk_size)):
        yield "text", model.read_text(texts)


def _head_of_start(config: RunConfig) -> TowerHead | None:
    """The linear head that came with the tower of the checkpoint to start from, if any."""
    return None if config.start is None else load_tower_head(config.start)


def _require_same_data(config: RunConfig) -> None:
    """Raise LeakageError where the run to resume, whose tower and states would be taken, saw what this one must not."""
    path = config.output / "config.yaml"
    before = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}).get("data")
    if before is None:
        return
    now = config.data.model_dump(mode="json")
    for name, unset in (("held_out", []), ("fold", None)):
        theirs, ours = (sorted(x) if isinstance(x, list) else x for x in (before.get(name, unset), now[name]))
        if theirs != ours:
            raise LeakageError(
                f"{config.output} holds a run with data.{name} {theirs}, and this one has {ours}: choose another "
                "output, or delete that run."
            )


def _starting_model(config: RunConfig) -> tuple[RadZ, Provenance | None]:
    if config.start is None:
        return build_model(config.model, config.seed), None
    saved, provenance = read_description(config.start)
    require_fit(config, provenance, saved)
    if provenance.stage == "general" and other_parts(config.model, saved):
        model = build_model(config.model, config.seed)
        load_parts(model, config.start, ("tower", "projector"))  # all that the stage trained
        return model, provenance
    return load_checkpoint(config.start, config.model.source)


def _trained_anchors(config: RunConfig, concepts: tuple[str, ...]) -> TrainedAnchorsConfig:
    """Raises ConfigError where the anchors would stay at their random start."""
    if config.start is None and ("knowledge" not in config.loss.weights or "anchors" not in config.train.train_parts):
        raise ConfigError(
            f"The anchors '{config.anchors}' learn, from the knowledge loss alone: give 'knowledge' a weight under "
            "loss.weights and 'anchors' a place in train.train_parts, or choose 'names' or 'rules'."
        )
    return TrainedAnchorsConfig(strategy=config.anchors, concepts=concepts)


def _fit_tower(task: TowerTask, data: TrainingData, config: RunConfig, findings: tuple[str, ...], folder: Path) -> None:
    """Train the tower in ``folder``, where an interrupted warm-up is resumed, and keep it there."""
    assert config.warmup is not None
    batch_size = min(config.warmup.batch_size, len(data.records) // rank_and_world_size()[1])
    settings = config.train.model_copy(update={**config.warmup.model_dump(), "batch_size": batch_size, "max_steps": -1})
    freeze(task.radz, ("tower",))
    loader = data.loader(task.radz, config, settings.batch_size, findings)
    arguments = training_arguments(settings, folder / "warmup", config.seed)
    with task.moving_statistics():
        fit(task, loader, arguments, {"tower": settings.learning_rate})
    if is_main():
        save_file(task.learned_state(), folder / "tower.safetensors")
    wait()

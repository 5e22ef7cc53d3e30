"""One training run, from a configuration to a checkpoint directory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from radz.anchors import learns, open_strategy
from radz.config import LossConfig, RunConfig, TrainConfig
from radz.model.build import add_anchors, freeze
from radz.model.checkpoint import TowerHead, load_tower_head, save_checkpoint
from radz.model.precision import choose_dtype, hold_base_in
from radz.model.quiet import quietly
from radz.model.radz import RadZ
from radz.provenance import data_sha256
from radz.training.cross_fit import FOLDS, cross_fitted_states, warm_up_folds
from radz.training.data import TrainingData, open_training_data
from radz.training.distributed import is_main, main_first, shards, this_process, wait
from radz.training.loop import fit
from radz.training.output_dir import open_output_dir
from radz.training.run_provenance import describe_run
from radz.training.stages import first_to_read, require_stage
from radz.training.standardization import fit_standardization
from radz.training.start import require_no_leak, starting_model, trained_anchors
from radz.training.states import mean_state
from radz.training.task import AlignmentTask
from radz.training.tower_warmup import warm_up_tower

Validate = Callable[[RadZ], dict[str, float]]
"""Model -> metrics on the validation split; evaluation lives on the same floor, so it is passed in."""


def train(config: RunConfig, validate: Validate | None = None, command: str = "") -> Path:
    """Train, or resume, the run in ``config.output``; return its final checkpoint directory.

    A stage that is finished is not trained again.
    """
    require_stage(config.stage, config.start, config.train, config.loss, config.warmup)
    process = this_process()
    data = open_training_data(config.data, config.seed, config.train.batch_size, config.descriptions)
    with main_first():
        finished = open_output_dir(config, data_sha256(data.records))
    if finished is not None:
        return finished
    model, start = starting_model(config.model, config.seed, config.stage, config.start)
    if start is not None:
        require_no_leak(start, config.data)
    if learns(config.anchors):
        parts, losses = config.train.train_parts, config.loss.weights
        anchors = trained_anchors(config.anchors, data.concepts, config.start, losses, parts)
        add_anchors(model, anchors, config.seed)
    model.to(process.device)
    head = _tower_head(model, data, config)
    align(
        model,
        data,
        config.train,
        config.loss,
        config.output / "align",
        anchors=config.anchors,
        shared=config.shared,
        folds=_folds(config),
        standardize=first_to_read(start),
        validate=validate,
    )
    checkpoint = config.output / "checkpoint"
    if is_main():
        provenance = describe_run(
            data,
            start,
            stage=config.stage,
            command=command,
            anchors=config.anchors,
            warmup=config.warmup,
            cross_fit=config.train.cross_fit,
        )
        kept_head = None if "tower" in config.train.train_parts else head
        save_checkpoint(model, checkpoint, provenance, kept_head, config.train.half_parts)
    wait()
    return checkpoint


def _tower_head(model: RadZ, data: TrainingData, config: RunConfig) -> TowerHead | None:
    """The linear head of the model's tower: that of the warm-up, or of the start; ``None`` without either."""
    if config.warmup is None:
        return load_tower_head(config.start) if config.start is not None else None
    settings, shared = (config.warmup, config.train), config.shared
    if config.train.cross_fit is not None:
        count = config.train.cross_fit
        warm_up_folds(model, data, *settings, count=count, folder=_folds(config), shared=shared)
    return warm_up_tower(model, data, *settings, output=config.output, shared=shared)


def _folds(config: RunConfig) -> Path:
    """Where the fold towers are: with this run if it has the warm-up, else with the run that it starts from."""
    return (config.output if config.warmup is not None or config.start is None else config.start.parent) / FOLDS


def align(
    model: RadZ,
    data: TrainingData,
    config: TrainConfig,
    loss: LossConfig,
    folder: Path,
    *,
    anchors: str,
    shared: Path | None = None,
    folds: Path = Path(FOLDS),
    standardize: bool = True,
    validate: Validate | None = None,
) -> None:
    """Train the configured parts under the configured losses; ``standardize`` measures the heads' statistics first.

    folds: directory of the fold towers, where the states are cross-fitted.
    """
    freeze(model, config.train_parts)
    if config.cross_fit is None:
        states = data.tower_states(model, shared)
    else:
        states = cross_fitted_states(model, data, count=config.cross_fit, folder=folds, shared=shared)
    batches = partial(
        data.loader,
        model.processor,
        config.batch_size,
        data.concepts,
        workers=config.workers,
        within=data.settings.batch_within,
        states=states,
        second_view=data.settings.second_view,
        archives=data.archives(model, shared),
    )
    hold_base_in(model, choose_dtype(config.dtype))
    if config.checkpointing:
        with quietly():  # transformers 5.24 calls it activation_checkpointing_enable, earlier ones do not
            model.decoder.gradient_checkpointing_enable({"use_reentrant": False})
    if standardize:
        fit_standardization(model, batches(shared=False), config.chunk_size)
    strategy = open_strategy(anchors, model.anchors)
    task = AlignmentTask(model, loss, data.concepts, strategy, data.knowledge, chunk_size=config.chunk_size)
    measure = None if validate is None or shards() else _on_main(validate, model)
    fit(task, batches(), config, folder, data.seed, rates=rates_of(config), measure=measure)
    if config.average_states > 1:
        task.load_learned_state(mean_state(folder, config.average_states))


def rates_of(config: TrainConfig) -> dict[str, float]:
    """Peak learning rate of each part."""
    return {
        "lora": config.learning_rate,
        "tokens": config.learning_rate,
        "heads": config.head_rate,
        "anchors": config.head_rate,
        "tower": config.tower_rate,
        "projector": config.projector_rate,
    }


def _on_main(validate: Validate, model: RadZ) -> Callable[[], dict[str, float]]:
    """Metrics of the model, measured by the main process."""
    return lambda: {f"val_{name}": value for name, value in validate(model).items()} if is_main() else {}

"""One run, made in a separate process: train or resume, score the left-out fold, keep only the checkpoint."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import torch

from radz import registry
from radz.anchors import Strategy, open_strategy, worded
from radz.baselines import BaselineContext, open_baseline
from radz.config import RunConfig, build_config
from radz.data.target import Target
from radz.data.views.folds import fold_of
from radz.errors import ConfigError, LeakageError, RadzError
from radz.eval.entry import Entry, EvaluationSet
from radz.eval.scoring import score as score_images
from radz.experiments.ablation.plan import ScoringConfig
from radz.experiments.ablation.runs import LACKING, RUN, checkpoint_of
from radz.knowledge import KnowledgeBase
from radz.leakage.exposure import exposure, require_left_out
from radz.metrics.scores_file import ScoresTable, write_scores
from radz.model.checkpoint import load_checkpoint
from radz.model.encoder import Encoder
from radz.model.precision import choose_dtype, make_fast
from radz.model.radz import RadZ
from radz.storage import atomic_file, exclusive_lock, remove_unfinished
from radz.training.data import open_training_data
from radz.training.dual_encoder import train_dual_encoder
from radz.training.train import train
from radz.types import ZeroShotModel

SECONDS, PAIR = "seconds.json", "dual_encoder"


def make(folder: Path) -> None:
    """Make the run that ``run.json`` in ``folder`` describes; existing files are left unchanged."""
    what = json.loads((folder / RUN).read_text(encoding="utf-8"))
    config = build_config(RunConfig, what["config"])
    with exclusive_lock(folder / "run"):
        remove_unfinished(folder)
        if not (checkpoint_of(config) / "provenance.json").is_file():
            started = time.monotonic()
            train(config, command=f"radz ablate, run {folder.name}")
            _add_seconds(folder, "training", time.monotonic() - started)
        for states in ("align", "warmup"):
            shutil.rmtree(folder / states, ignore_errors=True)
        for name, scoring in what["scores"].items():
            if not (folder / name).is_file():
                _score_into(folder / name, config, build_config(ScoringConfig, scoring))


def score(config: RunConfig, scoring: ScoringConfig) -> ScoresTable:
    """Scores of the fold that the run left out, or of other images; of the run's model, or of another system.

    Raises LeakageError if the run did not leave the fold out, and whatever corpus or system raise.
    """
    images = EvaluationSet.open(_target(config, scoring))
    model, provenance = load_checkpoint(checkpoint_of(config), config.model.source)
    make_fast(model.to("cuda" if torch.cuda.is_available() else "cpu"), choose_dtype(config.train.dtype))
    encoder, knowledge = Encoder(model), KnowledgeBase.load().with_description_fields(config.descriptions)
    concepts = [knowledge[name] for name in images.diseases]
    anchors = strategy_of(config, scoring, model)(concepts, encoder.encode_text)
    entry = Entry(
        name=encoder.name,
        model=encoder,
        anchors=anchors,
        trained_on=provenance,
        exposure={concept.id: exposure(concept, provenance, knowledge) for concept in concepts},
        fingerprint=provenance.fingerprint,
    )
    if scoring.system is not None:
        target = images.target
        require_left_out(target.corpus, target.split, str(target.fold or ""), provenance)
        system = _system(config, scoring)
        entry = Entry(system.name, system, anchors)
    return score_images([entry], images, seed=config.seed).tables[entry.name]


def strategy_of(config: RunConfig, scoring: ScoringConfig, model: RadZ) -> Strategy:
    """The anchors to score with; another system gets the plain sentences.

    Raises ConfigError for a denial without its statement.
    """
    if scoring.template is not None:
        return worded(scoring.template, scoring.denial)
    if scoring.denial is not None:
        raise ConfigError("scoring.denial needs scoring.template: the sentence that it denies.")
    return open_strategy(scoring.anchors or ("names" if scoring.system else config.anchors), model.anchors)


def _target(config: RunConfig, scoring: ScoringConfig) -> Target:
    """The images to score: of another corpus, or those that the run left out."""
    data, other = config.data, scoring.corpus
    if other is not None:
        return Target(other.corpus, other.root, other.split, other.options)
    return Target(data.corpus, data.root, data.val_split, data.options, fold_of(data))


def _system(config: RunConfig, scoring: ScoringConfig) -> ZeroShotModel:
    """The baseline; it may learn only from the images that the run trained on."""
    assert scoring.system is not None
    checkpoint, options = scoring.checkpoint, dict(scoring.options)
    of_run = getattr(registry.load("baselines", scoring.system), "of_run", "")
    if checkpoint is None and of_run == "pair":
        checkpoint = str(_pair(config, options.pop("text_encoder", None)))
    elif checkpoint is None:
        weights = {"own": checkpoint_of(config), "start": config.start}.get(of_run)
        checkpoint = None if weights is None else str(weights)
    around = BaselineContext(lambda: open_training_data(config.data, config.seed).corpus)
    return open_baseline(scoring.system, checkpoint, around, options)


def _pair(config: RunConfig, text_encoder: str | None) -> Path:
    """A dual encoder of the run's images, tower and schedule, trained or resumed in the run's directory."""
    pair = config.model_copy(update={"output": config.output / PAIR, "start": None})
    if not (checkpoint_of(pair) / "provenance.json").is_file():
        train_dual_encoder(pair, text_encoder, command=f"radz ablate, run {config.output.name}")
        shutil.rmtree(pair.output / "align", ignore_errors=True)
    return checkpoint_of(pair)


def _score_into(path: Path, config: RunConfig, scoring: ScoringConfig) -> None:
    """Write the scores or, if weights or images may be missing here, the reason why there are none."""
    started, lacking = time.monotonic(), path.with_suffix(LACKING)
    try:
        write_scores(score(config, scoring), path)
    except RadzError as error:
        if not scoring.may_lack or isinstance(error, LeakageError):
            raise
        with atomic_file(lacking) as partial:
            partial.write_text(f"{error}\n", encoding="utf-8")
        return
    lacking.unlink(missing_ok=True)
    _add_seconds(path.parent, path.name, time.monotonic() - started)


def _add_seconds(folder: Path, what: str, seconds: float) -> None:
    """Record how long a part took; for a resumed training, its last piece."""
    path = folder / SECONDS
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(before | {what: round(seconds, 1)}), encoding="utf-8")

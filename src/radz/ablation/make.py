"""Making one run, in a process of its own: train or resume, score what was left out, keep the checkpoint alone."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import torch
from filelock import FileLock

from radz.ablation.plan import ScoringConfig
from radz.ablation.runs import RUN, checkpoint_of
from radz.anchors import Strategy, open_strategy, worded
from radz.config import RunConfig, build_config
from radz.data.folds import fold_of, open_corpus
from radz.data.leakage import exposure, require_left_out
from radz.data.splits import split_hash
from radz.errors import ConfigError
from radz.eval.scores_file import ScoresProvenance, ScoresTable, write_scores
from radz.eval.scoring import score_corpus
from radz.knowledge import KnowledgeBase
from radz.model.checkpoint import load_checkpoint
from radz.model.precision import choose_dtype, make_fast
from radz.model.radz import RadZ
from radz.model.zero_shot import RadzZeroShot
from radz.train.run import train
from radz.types import NORMAL

SECONDS = "seconds.json"


def make(folder: Path) -> None:
    """Make the run that ``run.json`` in ``folder`` describes; what is there already is left as it is."""
    what = json.loads((folder / RUN).read_text(encoding="utf-8"))
    config = build_config(RunConfig, what["config"])
    with FileLock(folder / ".lock"):
        if not (checkpoint_of(config) / "provenance.json").is_file():
            started = time.monotonic()
            train(config, command=f"radz ablate, run {folder.name}")
            _add_seconds(folder, "training", time.monotonic() - started)
        for states in ("align", "warmup"):
            shutil.rmtree(folder / states, ignore_errors=True)
        for name, scoring in what["scores"].items():
            if not (folder / name).is_file():
                started = time.monotonic()
                write_scores(score(config, build_config(ScoringConfig, scoring)), folder / name)
                _add_seconds(folder, name, time.monotonic() - started)


def score(config: RunConfig, scoring: ScoringConfig) -> ScoresTable:
    """Scores of the fold that the run left out. Raises LeakageError where it did not leave it out."""
    data = config.data
    fold = fold_of(data)
    corpus = open_corpus(data.corpus, data.root, data.val_split, data.options, fold)
    model, provenance = load_checkpoint(checkpoint_of(config), config.model.source)
    require_left_out(data.corpus, data.val_split, str(fold or ""), provenance)
    make_fast(model.to("cuda" if torch.cuda.is_available() else "cpu"), choose_dtype(config.train.dtype))
    scorer, knowledge = RadzZeroShot(model), KnowledgeBase.load().telling(config.descriptions)
    concepts = [knowledge[name] for name in corpus.findings if name != NORMAL]
    anchors = strategy_of(config, scoring, model)(concepts, scorer.encode_text)
    made = ScoresProvenance(
        model=scorer.name,
        fingerprint=provenance.fingerprint,
        corpus=data.corpus,
        options=data.options,
        split=data.val_split,
        split_hash=split_hash(corpus.records),
        fold=str(fold or ""),
        anchors=anchors.strategy,
        exposure={c.id: exposure(c, provenance, knowledge).value for c in concepts},
        seed=config.seed,
    )
    return score_corpus(scorer, corpus, anchors, provenance=made)


def strategy_of(config: RunConfig, scoring: ScoringConfig, model: RadZ) -> Strategy:
    """The anchors to score with. Raises ConfigError for a denial without its statement."""
    if scoring.template is not None:
        return worded(scoring.template, scoring.denial)
    if scoring.denial is not None:
        raise ConfigError("scoring.denial needs scoring.template: the sentence that it denies.")
    return open_strategy(scoring.anchors or config.anchors, model.anchors)


def _add_seconds(folder: Path, what: str, seconds: float) -> None:
    """Note how long a part took; of a training that was resumed, its last piece."""
    path = folder / SECONDS
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(before | {what: round(seconds, 1)}), encoding="utf-8")

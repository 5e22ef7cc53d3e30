"""How long should a training be that has to recognise findings it never met? Every saved state, on those findings.

    radz train CONFIG --set 'data.held_out=[...]' --set train.save_steps=12 --set train.keep_states=99 --set output=RUN
    python benchmarks/unseen_steps.py RUN...

Films are those of `val` and the ones that each training left out because they show a held-out finding, of patients whom
it has not met; never test films. Anchors are `names`. What is chosen here has to be measured elsewhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file

from radz.anchors import open_strategy
from radz.config import RunConfig, build_config
from radz.data.studies import Studies
from radz.data.views.folds import fold_of, open_corpus
from radz.data.views.held_out import held_ids
from radz.eval.scoring import score_corpus
from radz.knowledge import KnowledgeBase
from radz.metrics.scores_file import ScoresTable
from radz.model.checkpoint import load_checkpoint, load_learned_state
from radz.model.encoder import Encoder
from radz.model.precision import choose_dtype, hold_base_in
from radz.report.console import open_console, show_block
from radz.report.protocols import findings_table, sets_table
from radz.training.data import open_training_data
from radz.training.states import LEARNED, steps_done, whole_states
from radz.types import Study

LAST = "last"


class NotTrainedOn(Studies):
    """Films of val, and of train where the run met neither film nor patient."""

    def __init__(self, config: RunConfig) -> None:
        data, used = config.data, open_training_data(config.data, config.seed).records
        met = {study.patient_id for study in used} | {study.study_id for study in used}
        where = (data.val_split, data.train_split)
        splits = [open_corpus(data.corpus, data.root, s, data.options, fold_of(data)) for s in where]
        self.films = [
            (corpus, i)
            for corpus in splits
            for i, study in enumerate(corpus.records)
            if not {study.patient_id, study.study_id} & met
        ]
        self.findings, self.policies = splits[0].findings, splits[0].policies
        self.records = tuple(corpus.records[i] for corpus, i in self.films)

    def read(self, index: int) -> Study:
        """The study with its pixels read. Raises ImageError."""
        corpus, i = self.films[index]
        study: Study = corpus[i]
        return study


def main() -> None:
    """Print a row for each run, and one for each finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="*", help="directories of `radz train` with its states")
    parser.add_argument("--every", type=int, default=12, help="steps between the states that are read")
    options = parser.parse_args()
    if not options.runs:
        print("Skipped: no run was named.")
        return
    groups = {}
    for run in options.runs:
        tables = dict(tables_of(run, options.every))
        groups[", ".join(tables[LAST].concepts)] = tables
    common = [name for name in next(iter(groups.values())) if all(name in tables for tables in groups.values())]
    groups = {name: {step: tables[step] for step in common} for name, tables in groups.items()}
    console = open_console()
    show_block(sets_table(groups, whole=False, draws=1000, seed=0), console)
    show_block(findings_table(groups, draws=1000, seed=0), console)


@torch.inference_mode()
def tables_of(run: Path, every: int) -> Iterator[tuple[str, ScoresTable]]:
    """("12 steps", scores of the held-out findings) of each state, and of the last one under LAST."""
    config = build_config(RunConfig, yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8")))
    corpus, knowledge = NotTrainedOn(config), KnowledgeBase.load()
    held = held_ids(config.data.held_out, corpus.findings, knowledge)
    concepts = [knowledge[name] for name in corpus.findings if name in held]
    model, _ = load_checkpoint(run / "checkpoint", config.model.source)
    hold_base_in(model.to("cuda" if torch.cuda.is_available() else "cpu"), choose_dtype(config.train.dtype))
    scorer = Encoder(model)
    for i, state in enumerate(whole_states(run / "align")):  # the newest first
        steps = steps_done(state)
        if i and steps % every:
            continue
        tensors = load_file(state / LEARNED)
        load_learned_state(model, {name: t for name, t in tensors.items() if not name.startswith("losses.")})
        anchors = open_strategy("names", model.anchors)(concepts, scorer.encode_text)
        yield f"{steps} steps" if i else LAST, score_corpus(scorer, corpus, anchors)


if __name__ == "__main__":
    main()

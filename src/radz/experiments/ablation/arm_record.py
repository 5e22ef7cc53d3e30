"""The record of one arm: its numbers over the runs that are finished, and its difference to the first arm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from radz.calibration.hierarchy import groups_of
from radz.errors import ScoresError
from radz.experiments.ablation.make import SECONDS
from radz.experiments.ablation.plan import Ablation
from radz.experiments.ablation.runs import LACKING, Place
from radz.knowledge import KnowledgeBase
from radz.metrics.bootstrap import Difference
from radz.metrics.evaluation import Estimate
from radz.metrics.repeats import compare_repeats, merge_folds, summarise_repeats
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import macro_auroc

Tables = Mapping[Place, ScoresTable]


def arm_record(
    ablation: Ablation, name: str, tables: Tables, scores: Mapping[Place, Path], draws: int
) -> dict[str, Any]:
    """Everything about arm ``name``. tables: finished cells -> their scores; scores: all cells -> their files."""
    files = {place: path for place, path in scores.items() if place[0] == name}
    finished = [place for place in files if place in tables]
    record: dict[str, Any] = {
        "settings": _without_folders(ablation.arms[name]),
        "claim": ablation.plan.claims.get(name),
        "cells_planned": len(files),
        "done": len(finished),
        "cells": {_cell_name(place): macro_auroc(tables[place])["auroc_within"] for place in finished},
        "runs": {_cell_name(place): path.parent.name for place, path in files.items()},
        "fingerprints": {_cell_name(place): tables[place].provenance.fingerprint for place in finished},
        "training_seconds": [training_seconds(files[place].parent) for place in finished],
    }
    if finished:
        return record | _numbers(name, finished, tables, draws) | _difference(ablation, name, finished, tables, draws)
    if any(path.with_suffix(LACKING).is_file() for path in files.values()):
        return record | {"lacks": f"needs {ablation.plan.needs.get(name, 'weights or images that are not available')}"}
    return record


def training_seconds(folder: Path) -> float | None:
    """How long the training of a run took, if its directory says so."""
    path = folder / SECONDS
    return json.loads(path.read_text(encoding="utf-8")).get("training") if path.is_file() else None


def _cell_name(place: Place) -> str:
    _, seed, fold = place
    return f"seed {seed}, fold {fold}"


def _numbers(name: str, finished: Sequence[Place], tables: Tables, draws: int) -> dict[str, Any]:
    """AUROC within strata with intervals, against all negatives and against abnormal ones: macro, finding and group."""
    groups = groups_of(tables[finished[0]].concepts, KnowledgeBase.load())
    summary = summarise_repeats(_repeats(name, finished, tables), groups=groups, draws=draws)
    return {
        "auroc_within": _triple(summary.within.macro),
        "auroc_abnormal": _triple(summary.abnormal.macro),
        "seed_sd": summary.within.seed_sd,
        "seed_sd_abnormal": summary.abnormal.seed_sd,
        "findings": _triples(summary.within.findings),
        "findings_abnormal": _triples(summary.abnormal.findings),
        "groups": _triples(summary.within.groups),
        "groups_abnormal": _triples(summary.abnormal.groups),
        "studies": summary.studies,
        "patients": summary.patients,
    }


def _difference(
    ablation: Ablation, name: str, finished: Sequence[Place], tables: Tables, draws: int
) -> dict[str, list[float]]:
    """The arm minus the first one over the runs that both have; nothing if they scored different images."""
    first = next(iter(ablation.arms))
    both = [(seed, fold) for _, seed, fold in finished if (first, seed, fold) in tables]
    if name == first or not both:
        return {}
    sides = [_repeats(arm, [(arm, seed, fold) for seed, fold in both], tables) for arm in (name, first)]
    try:
        difference = compare_repeats(*sides, draws=draws)
    except ScoresError:
        return {}
    return {
        "difference": _quadruple(difference.within.macro),
        "difference_abnormal": _quadruple(difference.abnormal.macro),
    }


def _repeats(arm: str, places: Sequence[Place], tables: Tables) -> list[ScoresTable]:
    """One table per seed, of the folds that every seed has; of the seed with most folds if they share none.

    Images that every fold's model scored are not merged: each model is one repeat.
    """
    if not any(tables[place].provenance.fold for place in places):
        return [tables[place] for place in places]
    folds = {seed: {f for _, s, f in places if s == seed} for seed in sorted({s for _, s, _ in places})}
    shared = set.intersection(*folds.values())
    used = {seed: shared for seed in folds} if shared else dict([max(folds.items(), key=lambda item: len(item[1]))])
    return [merge_folds({f: tables[arm, seed, f] for f in sorted(names)}) for seed, names in used.items()]


def _triple(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.interval.low, estimate.interval.high]


def _triples(estimates: Mapping[str, Estimate]) -> dict[str, list[float]]:
    return {name: _triple(estimate) for name, estimate in estimates.items()}


def _quadruple(difference: Difference) -> list[float]:
    interval = difference.interval
    return [difference.value, interval.low, interval.high, difference.p_value]


def _without_folders(value: Any) -> Any:
    """Absolute paths reduced to file names: a record does not tell where files are on a machine."""
    if isinstance(value, str | Path) and Path(value).is_absolute():
        return Path(value).name
    if isinstance(value, Mapping):
        return {key: _without_folders(each) for key, each in value.items()}
    return [_without_folders(each) for each in value] if isinstance(value, list | tuple) else value

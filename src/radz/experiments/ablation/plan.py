"""What an ablation compares: arms, each a list of settings over one base configuration, over folds and seeds.

    title: Components
    base: base.yaml             # a run configuration, relative to the plan
    folds: 3
    seeds: [0]
    set: {train.epochs: 4}      # for every arm
    arms:
      DFAT: {start: general, loss.weights: {alignment: 1.0}}
    grid: {model.tokens.count: [1, 4, 9]}    # instead of arms, or for each arm

The base names under ``starts`` the runs that arms may start from, each as settings over the base; arms that see the
same data share them. A setting is any of the run configuration, by its dotted name. ``scoring.`` in front makes it one
of scoring alone: arms that differ in nothing else are one training.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from radz.config import RunConfig, Section, build_config, expand, parse_setting, put, read_yaml
from radz.errors import ConfigError, UnknownNameError

SCORING = "scoring"
OF_START = ("data", "warmup", "shared", "seed")
OF_START_MODEL = ("backbone", "source", "image_instruction", "text_instruction")
"""Settings that a start takes from the arm that starts from it; all others are from the base and the start."""
OF_ARM = ("unlabelled", "second_view")
"""Settings of the data that it does not take: additional rows and views, which only the arm's losses read."""


class OtherCorpus(Section):
    """Images of another corpus, which every fold's model scores whole."""

    corpus: str = Field(description="A file in radz/data/corpora.")
    root: Path = Field(description="The corpus's directory, or the manifest file.")
    split: str = Field("test", description="Its split.")
    options: dict[str, Any] = Field({}, description="Options of the corpus, passed by name.")

    @field_validator("root")
    @classmethod
    def _expand(cls, root: Path) -> Path:
        return expand(root)


class ScoringConfig(Section):
    """How a trained arm is scored, on which images, and whether another system is scored instead."""

    anchors: str | None = Field(None, description="Anchor strategy of scoring.")
    template: str | None = Field(
        None, description="Sentence that states a finding, with {finding} in it; scored alone, without a denial."
    )
    denial: str | None = Field(None, description="Sentence that denies it, with {finding}, subtracted; needs template.")
    corpus: OtherCorpus | None = Field(None, description="Score these images instead of the fold that was left out.")
    system: str | None = Field(None, description="Score this baseline instead, a file in radz/baselines.")
    checkpoint: str | None = Field(
        None, description="Its weights: a directory, file or hub id. By default those of the arm, where it has some."
    )
    options: dict[str, Any] = Field({}, description="Its options, passed by name.")

    @property
    def may_lack(self) -> bool:
        """Whether it needs weights or images that may be missing here; its cells then stay empty."""
        return self.corpus is not None or self.system is not None


class AblationPlan(Section):
    """One ablation."""

    title: str = Field(description="Heading of its table.")
    question: str = Field("", description="The question, in a sentence.")
    base: Path = Field(description="Run configuration that the arms change, relative to the plan.")
    folds: int = Field(3, ge=2, description="Folds by patient over train and val; each is scored once.")
    seeds: tuple[int, ...] = Field((0,), min_length=1, description="Seeds of the runs; folds stay the same.")
    set: dict[str, Any] = Field({}, description="Setting -> value, for every arm.")
    arms: dict[str, dict[str, Any]] = Field({}, description="Name -> settings. The others are compared with the first.")
    grid: dict[str, tuple[Any, ...]] = Field({}, description="Setting -> values; every combination, for each arm.")
    claims: dict[str, float] = Field({}, description="Arm -> the source article's claim, AUROC x 100; to be tested.")
    needs: dict[str, str] = Field({}, description="Arm -> the data or weights that its cells need, where they are not.")


@dataclass(frozen=True, slots=True)
class Base:
    """A base file: run settings, and by name the settings over them of runs that arms may start from."""

    settings: Mapping[str, Any]
    starts: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Base:
        """Read it. Raises ConfigError."""
        tree = read_yaml(path)
        starts = tree.get("starts") or {}
        if not isinstance(starts, dict) or not all(isinstance(settings, dict) for settings in starts.values()):
            raise ConfigError(f"{path}: starts must map names to settings. Write `starts: {{general: {{...}}}}`.")
        return cls({key: value for key, value in tree.items() if key != "starts"}, starts)


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm on one fold with one seed: the run that trains it, where that starts, and how it is scored."""

    arm: str
    fold: str
    seed: int
    config: RunConfig
    start: RunConfig | None
    scoring: ScoringConfig


@dataclass(frozen=True, slots=True)
class Ablation:
    """A plan with its name and cells, ordered by fold, so that arms can be compared as early as possible."""

    name: str
    plan: AblationPlan
    arms: Mapping[str, Mapping[str, Any]]
    cells: tuple[Cell, ...]


def load_ablation(path: Path, overrides: Iterable[str] = ()) -> Ablation:
    """Read a plan; ``overrides`` are ``a.b=value`` for every arm, and win.

    Raises ConfigError for a faulty plan, arm or base, with the arm's name.
    """
    plan = build_config(AblationPlan, read_yaml(path))
    arms = {name: settings | dict(map(parse_setting, overrides)) for name, settings in arms_of(plan).items()}
    if unknown := sorted({*plan.claims} - arms.keys()):
        raise UnknownNameError("arm under claims", unknown[0], arms)
    base = Base.read(path.parent / plan.base)
    folds = [f"{k}/{plan.folds}" for k in range(1, plan.folds + 1)]
    cells = [
        _cell(base, name, fold, seed, plan.set | settings)
        for seed, fold, (name, settings) in itertools.product(plan.seeds, folds, arms.items())
    ]
    return Ablation(path.stem, plan, arms, tuple(cells))


def arms_of(plan: AblationPlan) -> dict[str, dict[str, Any]]:
    """Arm -> settings: the arms as listed, each with every combination of the grid."""
    if not plan.arms and not plan.grid:
        raise ConfigError("A plan needs arms or a grid: there is nothing to compare.")
    return {
        ", ".join(filter(None, (name, label))): settings | changes
        for name, settings in (plan.arms or {"": {}}).items()
        for label, changes in _combinations(plan.grid)
    }


def _combinations(grid: Mapping[str, tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, settings) of each combination; a single one without settings for an empty grid."""
    for values in itertools.product(*grid.values()):
        changes = dict(zip(grid, values, strict=True))
        yield ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in changes.items()), changes


def _cell(base: Base, arm: str, fold: str, seed: int, settings: Mapping[str, Any]) -> Cell:
    try:
        tree = _tree(base.settings, settings, {"data.fold": fold, "seed": seed})
        scoring = build_config(ScoringConfig, tree.pop(SCORING, None) or {})
        start = _start(base, tree)
        return Cell(arm, fold, seed, build_config(RunConfig, tree), start, scoring)
    except (ConfigError, UnknownNameError) as error:
        raise ConfigError(f"Arm '{arm}': {error}") from None


def _start(base: Base, arm: dict[str, Any]) -> RunConfig | None:
    """The run that the arm names under ``start``, on the arm's data; the name is removed from ``arm``."""
    name = arm.pop("start", None)
    if name is None:
        return None
    if not isinstance(name, str) or name not in base.starts:
        raise UnknownNameError("start", str(name), base.starts)
    tree = _tree(base.settings)
    tree |= {key: deepcopy(arm[key]) for key in OF_START if key in arm}
    tree["data"] = {key: value for key, value in _section(tree, "data").items() if key not in OF_ARM}
    model = {key: value for key, value in _section(arm, "model").items() if key in OF_START_MODEL}
    tree["model"] = _section(tree, "model") | model
    for key, value in base.starts[name].items():
        put(tree, key, deepcopy(value))
    return build_config(RunConfig, tree)


def _section(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = tree.get(name, {})
    if not isinstance(section, dict):
        raise ConfigError(f"{name} is {section!r:.80}, but it is a section: give it settings, or leave it out.")
    return section


def _tree(settings: Mapping[str, Any], *changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``settings`` with each of the dotted ones put in; later ones win."""
    tree: dict[str, Any] = {"output": "."} | deepcopy(dict(settings))
    for key, value in itertools.chain.from_iterable(change.items() for change in changes):
        put(tree, key, deepcopy(value))
    return tree

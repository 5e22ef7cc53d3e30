"""The runs of a plan, named by a hash of their inputs: finished runs are skipped, partial ones resume.

    DIR/runs/<hash>/   run.json (what it is), log.txt, what `radz train` writes, scores-<hash>.parquet
    DIR/shared/        towers and their states, by content

The hash is over the settings that differ from the defaults, the training images and their labels, additional images and
reports, the knowledge base's entries of their findings, and the run that it starts from. Paths and settings that change
no result are not in it. Each run is made in a separate process, which reads ``run.json`` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from radz.config import RunConfig
from radz.experiments.ablation.plan import OF_ARM, Cell, ScoringConfig
from radz.knowledge import KnowledgeBase
from radz.provenance import data_sha256
from radz.storage import atomic_file, content_hash
from radz.training.data import TrainingData, open_training_data

VERSION = 2
"""Raised when code makes a different run of the same settings, so that earlier runs no longer count."""
ROWS: Any = {"images": {"root"}, "texts": {"table"}}
NOT_IN_NAME: Any = {
    **{"output": True, "start": True, "shared": True, "train": {"checkpointing", "workers"}},
    "data": {"root": True, "unlabelled": ROWS},
}
"""Places of files, and settings that change memory and time but no result."""
Place = tuple[str, int, str]
"""Arm, seed and fold."""
RUN, LOG, LACKING = "run.json", "log.txt", ".lacking.txt"
READS_DESCRIPTIONS = ("rules", "hybrid")


@dataclass(frozen=True)
class Run:
    """One training and the files of scores to make with it. ``images``: hash of what decides its training images."""

    name: str
    config: RunConfig
    start: Run | None
    images: str
    scores: dict[str, ScoringConfig] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Its directory."""
        return self.config.output

    @property
    def missing(self) -> list[str]:
        """Files that do not exist yet: scores, or the checkpoint of a run that others start from."""
        wanted = [self.folder / name for name in self.scores] or [checkpoint_of(self.config) / "provenance.json"]
        return [path.name for path in wanted if not path.is_file()]

    @property
    def state(self) -> str:
        """done, lacking (weights or images that were not here when it was tried), begun or to do."""
        if not self.missing:
            return "done"
        if all((self.folder / name).with_suffix(LACKING).is_file() for name in self.missing):
            return "lacking"
        return "begun" if self.folder.is_dir() and any(self.folder.iterdir()) else "to do"

    def write(self) -> Path:
        """Write ``run.json``, from which another process makes the run; returns the run's directory."""
        scores = {name: scoring.model_dump(mode="json") for name, scoring in self.scores.items()}
        what = {"config": self.config.model_dump(mode="json"), "scores": scores}
        with atomic_file(self.folder / RUN) as partial:
            partial.write_text(json.dumps(what, indent=2) + "\n", encoding="utf-8")
        return self.folder


def checkpoint_of(config: RunConfig) -> Path:
    """Directory of a run's checkpoint."""
    return config.output / "checkpoint"


class Store:
    """Runs under one directory, which any number of plans share."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.runs: dict[str, Run] = {}
        self._data: dict[str, str] = {}

    def add(self, cells: Iterable[Cell]) -> dict[Place, Path]:
        """Plan the runs of ``cells``, each once and after its start; returns the scores file of each cell."""
        return {(cell.arm, cell.seed, cell.fold): self._add(cell) for cell in cells}

    def runs_for(self, scores: Iterable[Path]) -> list[Run]:
        """The runs that make these files of scores and no others, and those that they start from, which come first."""
        files = {*scores}
        wanted = {path.parent.name for path in files}
        wanted |= {run.start.name for run in self.runs.values() if run.start and run.name in wanted}
        return [
            replace(run, scores={name: how for name, how in run.scores.items() if run.folder / name in files})
            for run in self.runs.values()
            if run.name in wanted
        ]

    def _add(self, cell: Cell) -> Path:
        start = self._run(cell.start, None) if cell.start is not None else None
        run = self._run(cell.config, start)
        name = f"scores-{content_hash(cell.scoring.model_dump(mode='json', exclude_defaults=True))[:8]}.parquet"
        run.scores[name] = cell.scoring
        return run.folder / name

    def _run(self, config: RunConfig, start: Run | None) -> Run:
        name = self.identity(config, start)
        changes: dict[str, Any] = {"output": self.directory / "runs" / name, "shared": self.directory / "shared"}
        if start is not None:
            changes["start"] = checkpoint_of(start.config)
        images = content_hash([config.data.model_dump(mode="json", exclude={*OF_ARM}), config.seed])
        return self.runs.setdefault(name, Run(name, config.model_copy(update=changes), start, images))

    def identity(self, config: RunConfig, start: Run | None) -> str:
        """Hash over everything that decides what the run becomes, 16 digits."""
        settings = config.model_dump(mode="json", exclude_defaults=True, exclude=NOT_IN_NAME)
        return content_hash([VERSION, settings, self._data_of(config), start and start.name])[:16]

    def _data_of(self, config: RunConfig) -> str:
        """Hash over images, labels, additional rows and what is known of the findings; each is read once."""
        key = json.dumps([config.data.model_dump(mode="json"), config.seed, config.anchors, config.descriptions])
        if key not in self._data:
            data = open_training_data(config.data, config.seed, config.train.batch_size)
            what = [data_sha256(data.records), _knowledge(config, data.concepts)]
            self._data[key] = content_hash([*what, *_beside(data)])
        return self._data[key]


def _knowledge(config: RunConfig, concepts: Iterable[str]) -> list[Any]:
    """What training reads of the findings: their names and, for anchors that read descriptions, everything."""
    known = [KnowledgeBase.load()[name] for name in concepts]
    return [concept.sha256 if config.anchors in READS_DESCRIPTIONS else concept.names for concept in known]


def _beside(data: TrainingData) -> list[Any]:
    """Images without reports and reports without images, if there are any."""
    images = [data_sha256(data.images.records)] if data.images is not None else []
    return images + ([[text.report for text in data.texts]] if data.texts else [])

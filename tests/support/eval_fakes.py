"""A tiny corpus in memory and tables of scores, for tests that evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from radz.data.target import Target
from radz.errors import ImageError
from radz.eval.entry import Entry, EvaluationSet
from radz.eval.scoring import score
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, make_rows
from radz.types import Anchors, Presence, Scores, Study

FINDINGS = ("cardiomegaly", "effusion", "pneumothorax")
SOURCES = ("ward", "clinic")


def make_study(index: int, split: str = "test") -> Study:
    """Study ``index``: two studies a patient, findings that depend on the source, a random 8 x 8 image."""
    rng = np.random.default_rng((index, len(split)))
    source = SOURCES[index % 2]
    rate = 0.6 if source == "ward" else 0.2
    labels = {f: Presence.PRESENT if rng.random() < rate else Presence.ABSENT for f in FINDINGS}
    labels["effusion"] = Presence.UNCERTAIN if index % 7 == 0 else labels["effusion"]
    return Study(
        study_id=f"{split}-{index:03d}",
        patient_id=f"{split}-p{index // 2:03d}",
        report="SECRET",
        labels=labels,
        metadata={"source": source, "view": "PA"} if index % 5 else {"source": source},
        split=split,
        pixels=rng.random((1, 8, 8), dtype=np.float32),
    )


@dataclass
class FakeCorpus:
    """A corpus: records without pixels, items with them, some of them unreadable."""

    studies: list[Study]
    unreadable: frozenset[str] = frozenset()
    findings: tuple[str, ...] = FINDINGS
    reads: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[Study]:
        return [replace(study, pixels=None) for study in self.studies]

    def __len__(self) -> int:
        return len(self.studies)

    def __getitem__(self, index: int) -> Study:
        study = self.studies[index]
        self.reads.append(study.study_id)
        if study.study_id in self.unreadable:
            raise ImageError(f"{study.study_id}.png is not an image")
        return study


def make_corpus(count: int = 60, split: str = "test", unreadable: Sequence[str] = ()) -> FakeCorpus:
    return FakeCorpus([make_study(i, split) for i in range(count)], frozenset(unreadable))


def make_anchors(concepts: Sequence[str] = FINDINGS) -> Anchors:
    positive = torch.nn.functional.normalize(torch.randn(len(concepts), 4, generator=torch.manual_seed(0)), dim=1)
    return Anchors(tuple(concepts), positive, None, tuple((f"There is {c}.",) for c in concepts), "names")


class Brightness:
    """A model that scores the mean of the image times the length of the concept's name, and records the studies."""

    name = "brightness"

    def __init__(self) -> None:
        self.seen: list[Study] = []

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        self.seen += studies
        values = [[float(s.pixels.mean()) * len(c) for c in anchors.concepts] for s in studies]
        array = np.array(values, dtype=np.float32).reshape(len(studies), len(anchors))
        return Scores(tuple(s.study_id for s in studies), anchors.concepts, array)


def make_table(scores, labels, *, strata=None, patients=None, concept="effusion", model="fake") -> ScoresTable:
    """A table of one concept from arrays (N,); a NaN label is uncertain."""
    presence = {1.0: "present", 0.0: "absent"}
    count = len(scores)
    rows = make_rows(
        {
            "study": [f"s{i:04d}" for i in range(count)],
            "patient": [f"p{i:04d}" for i in range(count)] if patients is None else list(patients),
            "stratum": [""] * count if strata is None else [str(s) for s in strata],
            "concept": [concept] * count,
            "score": scores,
            "presence": [presence.get(float(label), "uncertain") for label in labels],
            "note": ["no image" if np.isnan(score) else "" for score in scores],
        }
    )
    return ScoresTable(rows, ScoresProvenance(model))


def score_corpus(model, corpus, anchors, **settings) -> ScoresTable:
    """Raw scores of one model on a corpus in memory, through the one scorer."""
    images = EvaluationSet(Target("fake", "", ""), corpus)
    return score([Entry(model.name, model, anchors)], images, **settings).tables[model.name]

"""Validation scores, anchors and a fitted calibration of four findings, for the tests of calibration and decisions."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import torch

from eval_fakes import make_table
from radz.calibration.calibration_file import StoredCalibration, fit_calibration
from radz.calibration.conformal import RiskControl
from radz.calibration.out_of_distribution import OutOfDistribution
from radz.calibration.platt import PlattScaling
from radz.metrics.scores_file import ScoresTable
from radz.types import Anchors

CONCEPTS = ("pneumonia", "viral_pneumonia", "mass", "fracture")
MARKS = ("supervised", "supervised", "seen", "unseen")
N = 120


def make_anchors(**texts: str) -> Anchors:
    """Two texts per finding; ``texts`` replaces the first one of a finding."""
    pairs = tuple((texts.get(c, f"There is {c}."), "And so on.") for c in CONCEPTS)
    return Anchors(CONCEPTS, torch.eye(4), None, pairs, "rules", torch.tensor([0.8, 0.7, 0.9, 0.6]))


def validation(split: str = "val", marks: tuple[str, ...] = MARKS) -> ScoresTable:
    """120 studies: pneumonia and its subtype rise with the score, four masses, fractures that were never trained on."""
    noise = np.random.default_rng(0).normal(size=(4, N))
    rare = (np.arange(N) < 4).astype(float)
    labels = [np.tile([1.0, 0.0], N // 2), np.tile([0.0, 0.0, 1.0], N // 3), rare, np.tile([1.0, 0.0], N // 2)]
    tables = [make_table(noise[j] + labels[j], labels[j], concept=c) for j, c in enumerate(CONCEPTS)]
    provenance = replace(
        tables[0].provenance,
        split=split,
        fingerprint="f00d",
        anchors="rules",
        corpus="c",
        split_hash="h",
        exposure=dict(zip(CONCEPTS, marks, strict=True)),
    )
    return ScoresTable(pd.concat([table.rows for table in tables]), provenance)


def appearances() -> dict[str, np.ndarray]:
    """Study id -> appearance (8,), standard normal."""
    return {f"s{i:04d}": row for i, row in enumerate(np.random.default_rng(1).normal(size=(N, 8)))}


@lru_cache(maxsize=1)
def fitted() -> StoredCalibration:
    """The calibration of ``validation``."""
    return fit_calibration(validation(), appearances(), make_anchors())


def by_hand(**changes) -> StoredCalibration:
    """A calibration with round numbers: logit 3 score for effusion, prevalence one in four, sets from score 1."""
    values = {
        "fingerprint": "f",
        "anchors": "names",
        "corpus": "c",
        "split": "val",
        "scores_sha256": "",
        "studies": 40,
        "patients": 40,
        "texts": {"effusion": "", "mass": ""},
        "platt": {"effusion": PlattScaling(3.0, 0.0, 10, 30)},
        "prevalence": {"effusion": 0.25},
        "refused": {"mass": "too few"},
        "pooled": PlattScaling(0.5, 0.0, 10, 70),
        "finding_set": RiskControl(1.0, 0.9, 10),
        "out_of_distribution": OutOfDistribution((0.0,), (1.0,), ((1.0,),), (1.0,), 1.0, 2.5, 0.99, 40),
        "agreement": None,
    }
    return StoredCalibration(**values | changes)


def distances(*values: float) -> dict[str, float]:
    """Study id -> distance."""
    return {f"s{i:04d}": value for i, value in enumerate(values)}

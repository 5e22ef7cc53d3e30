"""How much a linear head on fixed features learns from few labels: logistic regression on shares of the patients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from radz.data.splits import hash_fraction
from radz.eval.probe import PENALTY
from radz.metrics.ranking import Floats
from radz.types import Anchors, ImageFeatures, Presence, Scores, Study

Encode = Callable[[Sequence[Study]], ImageFeatures]
"""Studies with pixels -> their features."""


def patients_share(patients: ArrayLike, percent: float, seed: int = 0) -> NDArray[np.bool_]:
    """The images of ``percent`` of the patients: patients (N,) -> (N,) bool, at least one patient.

    Patients are taken in an order of ``seed`` alone, so that a smaller share is part of a larger one.
    """
    names = np.asarray(patients)
    order = sorted(set(names.tolist()), key=lambda patient: (hash_fraction(patient, f"share {seed}"), patient))
    taken = order[: max(1, math.ceil(len(order) * percent / 100))]
    return np.isin(names, taken)


@dataclass(frozen=True)
class LabelledFeatures:
    """Features (N, E) of images, their labels (N, C), 1, 0 or NaN, of ``concepts`` (C,), and patients (N,).

    An image without any label of these is left out.
    """

    features: Floats
    labels: Floats
    patients: NDArray[np.str_]
    concepts: tuple[str, ...]

    @classmethod
    def of(cls, studies: Sequence[Study], features: ArrayLike, concepts: Sequence[str]) -> LabelledFeatures:
        """Labels of studies with features; an uncertain one counts as no label. features: (N, E)."""
        known = {Presence.PRESENT: 1.0, Presence.ABSENT: 0.0}
        labels = np.array([[known.get(s.labels.get(c), np.nan) for c in concepts] for s in studies])  # type: ignore[arg-type]
        labelled = ~np.isnan(labels).all(axis=1)
        patients = np.array([study.patient_id for study in studies])
        rows = np.asarray(features, dtype=np.float64)[labelled]
        return cls(rows, labels[labelled], patients[labelled], tuple(concepts))

    def share(self, percent: float, seed: int) -> LabelledFeatures:
        """The images of a share of the patients, see ``patients_share``."""
        shared = patients_share(self.patients, percent, seed)
        return LabelledFeatures(self.features[shared], self.labels[shared], self.patients[shared], self.concepts)


class LinearHead:
    """A logistic regression per finding on a model's embeddings, as a ``TwoStepModel``; anchors only name findings.

    encode: of the model whose features these are, so that both share one forward pass. A finding for which the training
    images show one class only cannot be learned: it scores 0 for every image, which is an AUROC of one half.
    unlearned: these findings.
    """

    def __init__(self, name: str, encode: Encode, data: LabelledFeatures) -> None:
        self.name, self.encode = name, encode
        self.heads = {c: _fit(data.features, data.labels[:, j]) for j, c in enumerate(data.concepts)}
        self.unlearned = tuple(concept for concept, head in self.heads.items() if head is None)

    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Log odds from embeddings (B, E): values (B, C)."""
        rows = features.embedding.double().numpy()
        columns = [_odds(self.heads[concept], rows) for concept in anchors.concepts]
        return Scores(features.study_ids, anchors.concepts, np.stack(columns, axis=1))

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Log odds of studies with pixels: values (B, C)."""
        return self.similarity(self.encode(studies), anchors)


def _fit(features: Floats, labels: Floats) -> Pipeline | None:
    """Logistic regression of labels (N,) in {1, 0, NaN} on features (N, E); ``None`` if only one class is known."""
    known = ~np.isnan(labels)
    if len(np.unique(labels[known])) < 2:
        return None
    head = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000))
    fitted: Pipeline = head.fit(features[known], labels[known])
    return fitted


def _odds(head: Pipeline | None, features: Floats) -> NDArray[np.float32]:
    """Log odds (B,) from features (B, E); 0 without a head."""
    if head is None:
        return np.zeros(len(features), dtype=np.float32)
    odds: NDArray[np.float32] = head.decision_function(features).astype(np.float32)
    return odds

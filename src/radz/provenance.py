"""What went into a model: the data, texts and labels it has seen, and how to make it again."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from radz.storage import content_hash
from radz.types import RESEARCH_USE, Presence, Study

SOFTWARE = ("radz", "torch", "transformers", "peft", "timm", "numpy", "pandas", "pyarrow", "scikit-learn")


class SoftLabelSource(BaseModel):
    """The table of probabilities that a tower was warmed up with besides the labels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(description="Its name, without the folder.")
    sha256: str
    weight: float = Field(description="Of the probabilities; the labels have the rest.")
    rows: int = Field(0, description="Studies that were trained on and have a row.")


class Provenance(BaseModel):
    """Saved next to the weights as provenance.json. It holds counts and hashes, never a text or an identifier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notice: str = RESEARCH_USE
    stage: str = Field("", description="The stage of training that it ends, if it was trained in stages.")
    command: str = Field("", description="The command that trained it.")
    seed: int = 0
    corpus: str = Field(description="Corpus that was trained on.")
    split: str = Field(description="Its split.")
    fold: str = Field("", description="The fold that was left out, if its train and val splits were dealt into folds.")
    studies: int = 0
    patients: int = 0
    data_sha256: str = Field("", description="Hash over studies and labels.")
    corpora: tuple[str, ...] = Field((), description="Every corpus whose images it has seen, earlier stages included.")
    trained_ids: str = Field(
        "",
        repr=False,
        validation_alias=AliasChoices("trained_ids", "met"),
        description="Hashed ids of images and patients: radz/leakage/membership.py.",
    )
    policies: dict[str, str] = Field({}, description="Choices that decided its images and labels: choice -> value.")
    text_policy: str = Field("", description="report: the corpus's own text; else how sentences were written.")
    supervised: dict[str, int] = Field({}, description="Concept whose labels were trained on -> positive studies.")
    mentioned: dict[str, int] = Field({}, description="Concept named in training reports -> reports that name it.")
    held_out: tuple[str, ...] = Field((), description="Findings that were kept out of training, narrower ones too.")
    unlabelled: dict[str, int] = Field({}, description="Images without report and reports without image -> how many.")
    warmup: str = Field("", description="How the vision tower was warmed up, if it was.")
    soft_labels: SoftLabelSource | None = Field(None, description="Another network's probabilities, if it saw them.")
    cross_fit: int = Field(0, description="Folds of patients that towers were cross-fitted over; 0: they were not.")
    anchors: str = Field("names", description="Anchor strategy that it was validated with.")
    modality: str = Field("radiograph", description="The only kind of image it knows.")
    body_part: str = Field("chest", description="The only body part it knows.")
    software: dict[str, str] = {}
    started_from: str = Field("", description="Fingerprint of the checkpoint it started from.")
    fingerprint: str = Field("", description="SHA-256 of the weights, first 16 digits.")
    files: dict[str, str] = Field({}, description="Weight file of the checkpoint -> SHA-256; empty in radz 0.1.")


def describe_data(studies: Sequence[Study]) -> dict[str, Any]:
    """Counts and hash of the studies trained on, as fields of Provenance."""
    positives = Counter(c for study in studies for c, p in study.labels.items() if p is Presence.PRESENT)
    return {
        "studies": len(studies),
        "patients": len({study.patient_id for study in studies}),
        "data_sha256": data_sha256(studies),
        "supervised": dict(sorted(positives.items())),
    }


def add_labels(supervised: dict[str, int], texts: Sequence[Study], concepts: Sequence[str]) -> dict[str, int]:
    """``supervised`` with the labels that were read off reports without images: of ``concepts``, the label columns."""
    read = Counter(c for text in texts for c, p in text.labels.items() if p is Presence.PRESENT and c in concepts)
    return dict(sorted((Counter(supervised) + read).items()))


def data_sha256(studies: Iterable[Study]) -> str:
    """Hash over study ids and labels; the order of the studies does not matter."""
    rows = sorted([s.study_id, s.split or "", sorted((c, p.value) for c, p in s.labels.items())] for s in studies)
    return content_hash(rows)


def software_versions() -> dict[str, str]:
    """Versions of Python and of what a number depends on, those that are installed."""
    versions = {"python": platform.python_version()}
    for package in SOFTWARE:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions

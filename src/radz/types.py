"""The nouns of the pipeline. Everything else in radz turns one of these into the next.

Sizes: ``B`` studies, ``F`` images, ``R`` reports, ``U`` distinct texts, ``K`` modality tokens, ``T`` positions, ``P``
image patches, ``V`` tower width, ``H`` decoder width, ``D`` feature width, ``C`` concepts (findings).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # torch takes seconds to import; the command line must answer without it
    from torch import Tensor

RESEARCH_USE = "Research use only. Not a medical device."
NORMAL = "no_finding"
"""Id of the concept that means "nothing abnormal"; an anchor in training, never scored as a disease."""

ALIGNED_PAIRS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cross": (("image_global", "text_local"), ("image_local", "text_global")),
    "same": (("image_global", "text_global"), ("image_local", "text_local")),
    "both": (
        ("image_global", "text_local"),
        ("image_local", "text_global"),
        ("image_global", "text_global"),
        ("image_local", "text_local"),
    ),
}
"""Granularity -> the (image, text) features that are aligned with each other, in training and in scoring."""

Pixels = NDArray[np.float32]
EncodeText = Callable[[Sequence[str]], "Tensor"]
"""texts (N,) -> unit features, shape (N, D)."""


class Presence(StrEnum):
    """What is known of one finding in one study. Any rule that turns one value into another is a named policy."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"
    UNLABELLED = "unlabelled"


class Exposure(StrEnum):
    """What the trained model has seen of a concept. Only ``UNSEEN`` may be called zero-shot."""

    SUPERVISED = "supervised"
    SEEN = "seen"
    RELATED = "related"
    UNSEEN = "unseen"

    @classmethod
    def _missing_(cls, value: object) -> Exposure | None:
        """Files of radz 0.1 call ``related`` ``paraphrase``."""
        return cls.RELATED if value == "paraphrase" else None


OLDEST = 110
"""Years; a higher age in a corpus is an error (ChestX-ray14 has 414)."""


def parse_age(text: str) -> float | None:
    """Age in years, ``None`` if ``text`` is not a number from 0 to ``OLDEST``."""
    try:
        years = float(text)
    except ValueError:
        return None
    return years if 0 <= years <= OLDEST else None


@dataclass(frozen=True, slots=True)
class Study:
    """One examination: an image, its report, its labels, or any of them.

    pixels: float32, shape (1, H, W), in [0, 1], bright = dense. ``None`` until read.
    labels: concept id -> presence; a concept that is not a key is unlabelled.
    metadata: what the corpus says about the study (``source``, ``view``, ``sex``, ``age`` ...), as text.
    split: ``train``, ``val`` or ``test``, where the corpus defines one.
    """

    study_id: str
    patient_id: str
    image: Path | None = None
    report: str | None = None
    labels: Mapping[str, Presence] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    pixels: Pixels | None = None

    def presence(self, concept: str) -> Presence:
        """Presence of ``concept``; ``UNLABELLED`` where the corpus is silent."""
        return self.labels.get(concept, Presence.UNLABELLED)

    def with_pixels(self, pixels: Pixels) -> Study:
        """The same study with its pixels, (1, H, W)."""
        return replace(self, pixels=pixels)


@dataclass(frozen=True, slots=True)
class _Tensors:
    """Tensors that move between devices together."""

    def to(self, device: Any, non_blocking: bool = False) -> Self:
        """The same on another device."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value.to(device) for name, value in values.items() if hasattr(value, "to")})


@dataclass(frozen=True, slots=True)
class Prompt(_Tensors):
    """Token sequences of one modality.

    input_ids, attention_mask: (B, T) int64.
    modality_tokens: (B, K) int64, positions of the K modality tokens, found by token id.
    local: (B, T) bool, the modality's own positions (image patches, or report words).
    """

    input_ids: Tensor
    attention_mask: Tensor
    modality_tokens: Tensor
    local: Tensor

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, rows: slice | Tensor) -> Prompt:
        """Some of the sequences: a slice, or indices (N,)."""
        return Prompt(self.input_ids[rows], self.attention_mask[rows], self.modality_tokens[rows], self.local[rows])


@dataclass(frozen=True, slots=True)
class ImageBatch(_Tensors):
    """Images as a model reads them.

    prompt: one sequence per image.
    values: pixel values (B, 3, h, w), or, where ``encoded``, the vision tower's patch states (B, P, V).
    """

    prompt: Prompt
    values: Tensor
    encoded: bool = False

    def __len__(self) -> int:
        return len(self.prompt)

    def __getitem__(self, rows: slice | Tensor) -> ImageBatch:
        """Some of the images: a slice, or indices (N,)."""
        return replace(self, prompt=self.prompt[rows], values=self.values[rows])


@dataclass(frozen=True, slots=True)
class TextBatch(_Tensors):
    """R reports, each distinct text held once.

    prompt: U sequences. index: (R,) int64, the row of ``prompt`` that each report is.
    """

    prompt: Prompt
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, slots=True)
class BatchRows(_Tensors):
    """The studies of a batch: their labels, and which study each image and each report belongs to.

    labels: (B, C) float32; 1 present, 0 absent, NaN uncertain or unlabelled.
    uncertain: (B, C) bool, NaN labels that are uncertain.
    images: (F,), reports: (R,) int64, the study of each image and of each report.
    texts: (R,) int64, equal for two reports exactly where they are word for word the same.
    """

    labels: Tensor
    uncertain: Tensor
    images: Tensor
    reports: Tensor
    texts: Tensor

    @staticmethod
    def of_pairs(labels: Tensor, texts: Tensor | None = None, uncertain: Tensor | None = None) -> BatchRows:
        """Studies that all have an image and a report: labels (B, C), texts (B,), by default all different."""
        import torch

        every = torch.arange(len(labels), device=labels.device)
        uncertain = torch.zeros_like(labels, dtype=torch.bool) if uncertain is None else uncertain
        return BatchRows(labels, uncertain, every, every, every if texts is None else texts)

    def pairs(self) -> tuple[Tensor, Tensor]:
        """Rows of the images and of the reports, (P,) each, of the P studies that have both."""
        images, reports = (self.images.unsqueeze(1) == self.reports).nonzero(as_tuple=True)
        return images, reports


@dataclass(frozen=True, slots=True)
class PairBatch(_Tensors):
    """One training batch: images, reports, and the studies that they belong to.

    second_view: the same images in another augmentation, where losses compare views.
    """

    images: ImageBatch
    texts: TextBatch
    rows: BatchRows
    second_view: ImageBatch | None = None


class BatchProcessor(Protocol):
    """The part of a model's processor that data loading uses."""

    def pixel_values(self, pixels: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w), any size -> (B, 3, h', w')."""
        ...

    def image_prompt(self, count: int) -> Prompt:
        """The image sequence, ``count`` times."""
        ...

    def text_prompt(self, texts: Sequence[str]) -> Prompt:
        """One sequence per text."""
        ...


@dataclass(slots=True)
class Features:
    """Unit features in the aligned space, (F, D) and (R, D), or (B, D) where all studies have both modalities; ``None``
    if a modality is absent.

    ``*_global`` is read at the modality tokens, ``*_local`` pooled over patches or words; ``*_tokens``, (B, K, D),
    are the modality tokens each on its own. image_positions: (B, P, D), the projected patches, not normalised, only
    where pooling is by attention: concepts are queries over them.
    """

    image_global: Tensor | None = None
    image_local: Tensor | None = None
    text_global: Tensor | None = None
    text_local: Tensor | None = None
    image_tokens: Tensor | None = None
    text_tokens: Tensor | None = None
    image_positions: Tensor | None = None

    def image_embedding(self, granularity: str) -> Tensor:
        """The image side of scoring: unit (B, E), E = 2D or, for ``both``, 4D."""
        return self._joined([image for image, _ in ALIGNED_PAIRS[granularity]])

    def text_embedding(self, granularity: str) -> Tensor:
        """The text side of scoring, unit (B, E); its product with an image embedding is the pairs' mean."""
        return self._joined([text for _, text in ALIGNED_PAIRS[granularity]])

    def _joined(self, names: Sequence[str]) -> Tensor:
        """The named unit features (B, D) side by side, scaled to unit rows (B, E)."""
        import torch

        parts: list[Tensor] = [getattr(self, name) for name in names]
        return torch.cat(parts, dim=-1) / math.sqrt(len(parts))


@dataclass(frozen=True, slots=True)
class Anchors:
    """Concepts as vectors in the aligned space.

    positive: (C, D) unit rows; negative: (C, D) unit rows of the same concepts denied, or ``None``.
    texts: for each concept the sentences it was built from, its provenance.
    agreement: (C,) in [0, 1], length of the mean of a concept's encoded sentences, 1 where all say the same; ``None``
    if the strategy does not average sentences.
    names: each concept as it appears in a sentence; denials: the sentences that ``negative`` was built from; empty
    where the strategy does not say. A model that reads words and not our vectors is asked with these.
    """

    concepts: tuple[str, ...]
    positive: Tensor
    negative: Tensor | None
    texts: tuple[tuple[str, ...], ...]
    strategy: str
    agreement: Tensor | None = None
    names: tuple[str, ...] = ()
    denials: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.concepts)


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """What a model made of images in one forward pass, on the CPU; rows in the order of ``study_ids``.

    embedding: (B, E) float, compared with anchors or texts; in a space of that model, so only the model that encoded
    the images compares them. positions: (B, P, D), projected patches, where concepts are queries over them.
    appearance: (B, A) float32, statistics of an early layer that describe the kind of image. tower: (B, V) float32,
    the mean of the vision tower's patch states. ``None`` if the model does not give one.
    """

    study_ids: tuple[str, ...]
    embedding: Tensor
    positions: Tensor | None = None
    appearance: NDArray[np.float32] | None = None
    tower: Tensor | None = None

    def __len__(self) -> int:
        return len(self.study_ids)

    def take(self, rows: Sequence[int]) -> ImageFeatures:
        """The features of ``rows``, indices that may repeat, in their order."""
        index = list(rows)
        return ImageFeatures(
            tuple(self.study_ids[i] for i in index),
            self.embedding[index],
            None if self.positions is None else self.positions[index],
            None if self.appearance is None else self.appearance[index],
            None if self.tower is None else self.tower[index],
        )

    @staticmethod
    def concatenate(parts: Sequence[ImageFeatures]) -> ImageFeatures:
        """Features of several batches as one, in order. There is at least one part."""
        import torch

        def joined(name: str) -> Any:
            rows = [getattr(part, name) for part in parts]
            if rows[0] is None:
                return None
            return np.concatenate(rows) if isinstance(rows[0], np.ndarray) else torch.cat(rows)

        ids = tuple(study_id for part in parts for study_id in part.study_ids)
        return ImageFeatures(ids, joined("embedding"), joined("positions"), joined("appearance"), joined("tower"))


@dataclass(frozen=True, slots=True)
class Scores:
    """values: (B, C) float32, higher = more likely present; NaN only with a reason in ``notes``."""

    study_ids: tuple[str, ...]
    concepts: tuple[str, ...]
    values: NDArray[np.float32]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a result. ``probability`` is ``None`` if it was not calibrated; ``note`` says why.

    in_set: whether it belongs to the image's set of findings, of guaranteed recall; ``None`` if there is no set.
    percentile: share of reference images of the same view that score lower, in [0, 1]; ``None`` if the model has no
    reference images for it, with the reason in ``note``.
    """

    name: str
    score: float
    probability: float | None
    exposure: Exposure
    note: str = ""
    in_set: bool | None = None
    percentile: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Ranked findings of one image, most suspicious first. ``error`` is set where the image was refused.

    abstained: why the model abstains from this image; scores are shown, but no probabilities and no set.
    notes: oddities of the image's file and how it was read, a sentence each.
    """

    image: str
    findings: tuple[Finding, ...] = ()
    error: str | None = None
    abstained: str = ""
    notes: tuple[str, ...] = ()

    def top(self, n: int) -> tuple[Finding, ...]:
        """The ``n`` highest-scored findings."""
        return self.findings[:n]


@runtime_checkable
class ZeroShotModel(Protocol):
    """The interface that evaluation, ablation, report and service use."""

    name: str

    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Score every concept of ``anchors`` in every study: values (B, C), order kept."""
        ...


@runtime_checkable
class TwoStepModel(ZeroShotModel, Protocol):
    """A model that encodes an image once and then compares it with any number of anchors.

    ``score(studies, anchors)`` equals ``similarity(encode(studies), anchors)``.
    """

    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Studies with pixels -> features, (B, E) each, order kept. Raises ImageError for a study without pixels."""
        ...

    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Features of B images against ``anchors`` -> values (B, C), order kept."""
        ...

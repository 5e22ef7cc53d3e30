"""A model with its anchors, an open corpus, and what the model has seen of that corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from radz.data.check import count_similar_images
from radz.data.splits import split_hash
from radz.data.target import Target
from radz.leakage.exposure import require_left_out
from radz.leakage.membership import origin_of
from radz.leakage.overlap import find_overlap, trained_corpora
from radz.metrics.scores_file import ScoresProvenance
from radz.provenance import Provenance
from radz.types import NORMAL, Anchors, Exposure, Study, ZeroShotModel

UNNAMED_CORPORA = ("manifest", "dicom_folder", "shards")
"""Corpora whose name does not say where their images come from."""


class Corpus(Protocol):
    """What scoring needs of a corpus: ``records`` without pixels, ``corpus[i]`` with them or ImageError."""

    findings: Sequence[str]
    records: Sequence[Study]

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Study: ...


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """An open corpus, and the target that it is."""

    target: Target
    corpus: Corpus

    @classmethod
    def open(cls, target: Target) -> Self:
        """Open the target; no image is read. Raises CorpusError and its kind."""
        return cls(target, target.open())

    @property
    def diseases(self) -> list[str]:
        """Findings that the corpus labels, without "normal"."""
        return [finding for finding in self.corpus.findings if finding != NORMAL]


@dataclass(frozen=True, slots=True)
class Entry:
    """A model with the anchors it is scored with, and what is known of its training.

    name: what tables call it. trained_on: what it was trained on; ``None`` if nobody recorded it. exposure:
    concept -> what it has seen of it; empty if unknown. fingerprint: of its weights. anchors_name: how its anchors
    or prompts were made, the anchors' strategy by default. prompts: the wording, where one was named.
    trained_parameters: where a checkpoint of ours says them.
    """

    name: str
    model: ZeroShotModel
    anchors: Anchors
    trained_on: Provenance | None = None
    exposure: Mapping[str, Exposure] = field(default_factory=dict)
    fingerprint: str = ""
    anchors_name: str | None = None
    prompts: str = ""
    trained_parameters: int | None = None


@dataclass(frozen=True, slots=True)
class OverlapCheck:
    """How evaluated images are compared with those trained on, beyond their ids.

    aliases: image name -> its name in the corpus that it was taken from. trained_images: where the images trained on
    are, to compare pixels too.
    """

    aliases: Mapping[str, str] | None = None
    trained_images: Target | None = None


BY_IDS = OverlapCheck()
"""Compare by ids alone."""


def describe(
    entry: Entry, images: EvaluationSet, concepts: Sequence[str], overlap: OverlapCheck = BY_IDS
) -> ScoresProvenance:
    """Where the scores of an entry come from, with exposure and overlap.

    Raises LeakageError if the training of its model did not leave these studies out.
    """
    target, corpus, trained = images.target, images.corpus, entry.trained_on
    if trained is not None:
        require_left_out(target.corpus, target.split, str(target.fold or ""), trained)
    shared, checked = ((), False) if trained is None else _shared(trained, images, overlap)
    return ScoresProvenance(
        model=entry.name,
        fingerprint=entry.fingerprint,
        corpus=target.corpus,
        options=target.options,
        policies=dict(getattr(corpus, "policies", {})),
        split=target.split,
        split_hash=split_hash(corpus.records),
        fold=str(target.fold or ""),
        anchors=entry.anchors.strategy if entry.anchors_name is None else entry.anchors_name,
        prompts=entry.prompts,
        exposure={concept: entry.exposure[concept].value for concept in concepts if concept in entry.exposure},
        overlap=shared,
        overlap_checked=checked,
    )


def _shared(trained: Provenance, images: EvaluationSet, check: OverlapCheck) -> tuple[tuple[str, ...], bool]:
    """What the images share with the training images, a line each, and whether that is known."""
    origin = origin_of(images.corpus, images.target.corpus)
    overlap = find_overlap(trained, origin, images.corpus.records, check.aliases)
    if check.trained_images is not None:
        overlap = replace(overlap, similar=count_similar_images(images.corpus, check.trained_images.open()))
    another_corpus = origin not in (*UNNAMED_CORPORA, *trained_corpora(trained))
    return tuple(overlap.lines()), overlap.recorded or another_corpus

"""The only place where a model meets a corpus.

``score`` checks for leaks before it reads an image, encodes each image once for all models that share an encoding, and
records raw scores with what each model had seen of the findings (exposure) and the images (overlap).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from radz.errors import ImageError, ScoresError
from radz.eval.entry import BY_IDS, Corpus, Entry, EvaluationSet, OverlapCheck, describe
from radz.leakage.claims import NO_CLAIM, Claim, check_claim
from radz.metrics.scores_file import LABEL_ONLY, METADATA, ScoresTable, make_rows
from radz.types import NORMAL, Anchors, ImageFeatures, Presence, Scores, Study, TwoStepModel

STRATA = ("source", "view")
"""Metadata keys that name a stratum; a study that lacks one has "" there."""
Progress = Callable[[int], None]
"""Called with the number of studies that were just scored."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Raw scores of each entry by its name, on identical studies.

    features: of the entries that encode, by name, rows for the readable studies in order; only where they were kept.
    """

    tables: Mapping[str, ScoresTable]
    features: Mapping[str, ImageFeatures] = field(default_factory=dict)


def score(
    entries: Sequence[Entry],
    images: EvaluationSet,
    *,
    strata: Sequence[str] = STRATA,
    claim: Claim = NO_CLAIM,
    overlap: OverlapCheck = BY_IDS,
    seed: int = 0,
    batch_size: int = 16,
    keep_features: bool = False,
    progress: Progress | None = None,
) -> Scored:
    """Score every entry on identical studies, under its own anchors of the same concepts.

    Everything that can be refused is refused before an image is read: LeakageError for studies that a training did not
    leave out, and for a ``claim`` that does not hold of the first entry, or of another whose training is recorded;
    ScoresError for concepts that the corpus does not label. A study whose image cannot be read is listed in
    ``unreadable`` and the run continues. "Normal" is never scored. Labels and reports are removed from a study before a
    model sees it.
    """
    concepts = diseases(entries[0].anchors, images.corpus)
    provenances = [
        replace(describe(entry, images, concepts, overlap), strata=tuple(strata), seed=seed) for entry in entries
    ]
    for i, entry in enumerate(entries):
        if i == 0 or entry.trained_on is not None:
            provenances[i] = check_claim(provenances[i], claim)
    tables, features, unreadable = score_batches(
        entries, images.corpus, strata=strata, batch_size=batch_size, keep_features=keep_features, progress=progress
    )
    recorded = [replace(provenance, unreadable=unreadable) for provenance in provenances]
    return Scored(
        {
            entry.name: ScoresTable(tables[entry.name], provenance)
            for entry, provenance in zip(entries, recorded, strict=True)
        },
        features,
    )


def score_batches(
    entries: Sequence[Entry],
    corpus: Corpus,
    *,
    strata: Sequence[str] = STRATA,
    batch_size: int = 16,
    keep_features: bool = False,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], dict[str, ImageFeatures], dict[str, str]]:
    """Rows of scores by entry, kept features by entry, and unreadable study -> reason; each image is read once.

    Raises ScoresError for answers of the wrong shape or order, and where no image is readable.
    """
    rows: dict[str, list[dict[str, Any]]] = {entry.name: [] for entry in entries}
    encoded: dict[str, list[ImageFeatures]] = {}
    unreadable: dict[str, str] = {}
    for batch in _batches(corpus, batch_size):
        studies = [study for study in batch if isinstance(study, Study)]
        unreadable |= {study_id: reason for study_id, reason in (b for b in batch if not isinstance(b, Study))}
        for entry, (scores, features) in zip(entries, _answers(entries, studies), strict=True) if studies else ():
            rows[entry.name] += rows_of(studies, scores, strata)
            if keep_features and features is not None:
                encoded.setdefault(entry.name, []).append(features)
        if progress is not None:
            progress(len(batch))
    if len(unreadable) == len(corpus):
        raise ScoresError(_nothing_read(unreadable))
    tables = {name: make_rows(columns_of(table)) for name, table in rows.items()}
    return tables, {name: ImageFeatures.concatenate(parts) for name, parts in encoded.items()}, unreadable


def _answers(entries: Sequence[Entry], studies: Sequence[Study]) -> Iterator[tuple[Scores, ImageFeatures | None]]:
    """The scores of each entry for one batch; entries whose models share ``encode`` share one forward pass."""
    blind = [replace(study, labels={}, report=None) for study in studies]
    encoded: dict[Any, ImageFeatures] = {}
    for entry in entries:
        features = None
        if isinstance(entry.model, TwoStepModel):
            if entry.model.encode not in encoded:
                encoded[entry.model.encode] = entry.model.encode(blind)
            features = encoded[entry.model.encode]
            scores = entry.model.similarity(features, entry.anchors)
        else:
            scores = entry.model.score(blind, entry.anchors)
        yield checked(scores, studies, entry.anchors, entry.name), features


def diseases(anchors: Anchors, corpus: Corpus) -> tuple[str, ...]:
    """Concepts of ``anchors`` that are evaluated: all but "normal". Raises ScoresError if the corpus lacks one."""
    concepts = tuple(concept for concept in anchors.concepts if concept != NORMAL)
    unlabelled = [concept for concept in concepts if concept not in corpus.findings]
    if unlabelled or not concepts:
        raise ScoresError(
            f"No labels to evaluate {', '.join(unlabelled) or 'an empty list of findings'} with. This corpus labels "
            f"{', '.join(f for f in corpus.findings if f != NORMAL)}: choose among these with --finding."
        )
    return concepts


def checked(scores: Scores, studies: Sequence[Study], anchors: Anchors, model: str) -> Scores:
    """The same scores (B, C), if they answer what was asked, in its order, with a note for each NaN."""
    asked = (tuple(study.study_id for study in studies), anchors.concepts)
    if (scores.study_ids, scores.concepts) != asked or scores.values.shape != (len(studies), len(anchors)):
        raise ScoresError(
            f"Model '{model}' was asked for {len(studies)} studies x {len(anchors)} concepts and answered with "
            f"{scores.values.shape} values for {len(scores.study_ids)} x {len(scores.concepts)}, or in another "
            "order. A ZeroShotModel keeps the order of studies and of anchors.concepts."
        )
    for i, j in np.argwhere(np.isnan(scores.values)):
        if not _note(scores, i, j):
            raise ScoresError(
                f"Model '{model}' gave no score for '{scores.concepts[j]}' in one of {len(studies)} studies and no "
                "reason: a NaN needs an entry in Scores.notes under the study's or the concept's id."
            )
    return scores


def stratum(study: Study, keys: Sequence[str] = STRATA) -> str:
    """Name of the study's stratum, e.g. ``source=nih|view=PA``; the empty string for no keys."""
    return "|".join(f"{key}={study.metadata.get(key, '')}" for key in keys)


def rows_of(studies: Sequence[Study], scores: Scores, keys: Sequence[str] = STRATA) -> list[dict[str, Any]]:
    """One row per study and disease from scores (B, C), with the study's labels and metadata.

    Findings that a study shows, or may show, but that were not scored have a row without a score, noted LABEL_ONLY:
    they say which studies are abnormal.
    """
    columns = [(j, concept) for j, concept in enumerate(scores.concepts) if concept != NORMAL]
    rows: list[dict[str, Any]] = []
    for i, study in enumerate(studies):
        scored = [(concept, scores.values[i, j], _note(scores, i, j)) for j, concept in columns]
        labelled = [(concept, np.nan, LABEL_ONLY) for concept in _shown(study) if concept not in scores.concepts]
        rows += [
            {
                "study": study.study_id,
                "patient": study.patient_id,
                "stratum": stratum(study, keys),
                "concept": concept,
                "score": score,
                "presence": study.presence(concept).value,
                "note": note,
                **{key: study.metadata.get(key, "") for key in METADATA},
            }
            for concept, score, note in (*scored, *labelled)
        ]
    return rows


def _shown(study: Study) -> list[str]:
    """Diseases that a study shows or may show."""
    shows = (Presence.PRESENT, Presence.UNCERTAIN)
    return [concept for concept, presence in study.labels.items() if concept != NORMAL and presence in shows]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows with equal keys as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _batches(corpus: Corpus, size: int) -> Iterator[list[Study | tuple[str, str]]]:
    """Batches in order, the next one being read while the model works on this one."""
    readers = ThreadPoolExecutor(max_workers=2)
    try:
        ahead: list[Future[Study | tuple[str, str]]] = []
        for start in range(0, len(corpus) + size, size):
            ready, ahead = (
                ahead,
                [readers.submit(_read, corpus, i) for i in range(start, min(start + size, len(corpus)))],
            )
            if ready:
                yield [future.result() for future in ready]
    finally:
        readers.shutdown(cancel_futures=True)


def _read(corpus: Corpus, index: int) -> Study | tuple[str, str]:
    try:
        study = corpus[index]
    except ImageError as error:
        record = corpus.records[index]
        reason = str(error)  # goes into the scores file: the file's name, not where it lies on this machine
        return record.study_id, reason.replace(str(record.image), record.image.name) if record.image else reason
    return study if study.pixels is not None else (study.study_id, "the study has no image")


def _note(scores: Scores, i: int, j: int) -> str:
    return scores.notes.get(scores.study_ids[i]) or scores.notes.get(scores.concepts[j]) or ""


def _nothing_read(unreadable: Mapping[str, str]) -> str:
    if not unreadable:
        return "The corpus holds no study in this split: check its root, split and options."
    return f"None of the {len(unreadable)} images could be read. First: {next(iter(unreadable.values()))}"

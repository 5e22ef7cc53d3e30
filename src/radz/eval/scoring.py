"""Models and a corpus to tables of raw scores. Each image is read once, whatever the number of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from radz.errors import ImageError, ScoresError
from radz.metrics.scores_file import METADATA, ScoresProvenance, ScoresTable, make_rows
from radz.types import NORMAL, Anchors, Scores, Study, ZeroShotModel

STRATA = ("source", "view")
"""Metadata keys that name a stratum; a study that lacks one has "" there."""
Progress = Callable[[int], None]
"""Called with the number of studies that are done."""


class Corpus(Protocol):
    """What scoring needs of a corpus: ``records`` without pixels, ``corpus[i]`` with them or ImageError."""

    findings: Sequence[str]
    records: Sequence[Study]

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Study: ...


def score_corpus(
    model: ZeroShotModel,
    corpus: Corpus,
    anchors: Anchors,
    *,
    provenance: ScoresProvenance | None = None,
    batch_size: int = 16,
    strata: Sequence[str] = STRATA,
    progress: Progress | None = None,
) -> ScoresTable:
    """Raw scores of every disease of ``anchors`` in every readable study; see ``score_models``."""
    tables = score_models(
        {model.name: model},
        corpus,
        anchors,
        provenance=provenance,
        batch_size=batch_size,
        strata=strata,
        progress=progress,
    )
    return tables[model.name]


def score_models(
    models: Mapping[str, ZeroShotModel],
    corpus: Corpus,
    anchors: Anchors,
    *,
    provenance: ScoresProvenance | None = None,
    batch_size: int = 16,
    strata: Sequence[str] = STRATA,
    progress: Progress | None = None,
) -> dict[str, ScoresTable]:
    """Raw scores of several models on identical studies: name -> table.

    A study whose image cannot be read is listed in ``provenance.unreadable`` and the run goes on. "Normal" is
    never scored. Labels and reports are taken out of a study before a model sees it. Raises ScoresError for
    concepts the corpus does not label, for answers of the wrong shape or order, and where no image is readable.
    """
    concepts = diseases(anchors, corpus)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in models}
    unreadable: dict[str, str] = {}
    for batch in _batches(corpus, batch_size):
        studies = [study for study in batch if isinstance(study, Study)]
        unreadable |= {study_id: reason for study_id, reason in (b for b in batch if not isinstance(b, Study))}
        for name, model in models.items() if studies else ():
            scores = checked(model.score([_blind(study) for study in studies], anchors), studies, anchors, name)
            rows[name] += _rows(studies, scores, concepts, strata)
        if progress is not None:
            progress(len(batch))
    if len(unreadable) == len(corpus):
        raise ScoresError(_nothing_read(unreadable))
    base = replace(provenance or ScoresProvenance(""), strata=tuple(strata), unreadable=unreadable)
    return {name: ScoresTable(make_rows(_columns(rows[name])), replace(base, model=name)) for name in models}


def diseases(anchors: Anchors, corpus: Corpus) -> tuple[str, ...]:
    """Concepts of ``anchors`` that are evaluated: all but "normal". Raises ScoresError where the corpus lacks one."""
    concepts = tuple(concept for concept in anchors.concepts if concept != NORMAL)
    unlabelled = [concept for concept in concepts if concept not in corpus.findings]
    if unlabelled or not concepts:
        raise ScoresError(
            f"No labels to evaluate {', '.join(unlabelled) or 'an empty list of findings'} with. This corpus labels "
            f"{', '.join(f for f in corpus.findings if f != NORMAL)}: choose among these with --finding."
        )
    return concepts


def checked(scores: Scores, studies: Sequence[Study], anchors: Anchors, model: str) -> Scores:
    """The same scores, if they answer what was asked, in its order, with a note for each NaN."""
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


def _batches(corpus: Corpus, size: int) -> Iterator[list[Study | tuple[str, str]]]:
    """Batches in order, the next one being read while the model works on this one."""
    with ThreadPoolExecutor(max_workers=2) as readers:
        ahead: list[Future[Study | tuple[str, str]]] = []
        for start in range(0, len(corpus) + size, size):
            ready, ahead = (
                ahead,
                [readers.submit(_read, corpus, i) for i in range(start, min(start + size, len(corpus)))],
            )
            if ready:
                yield [future.result() for future in ready]


def _read(corpus: Corpus, index: int) -> Study | tuple[str, str]:
    try:
        study = corpus[index]
    except ImageError as error:
        record = corpus.records[index]
        reason = str(error)  # goes into the scores file: the file's name, not where it lies on this machine
        return record.study_id, reason.replace(str(record.image), record.image.name) if record.image else reason
    return study if study.pixels is not None else (study.study_id, "the study has no image")


def _blind(study: Study) -> Study:
    return replace(study, labels={}, report=None)


def _rows(
    studies: Sequence[Study], scores: Scores, concepts: Iterable[str], keys: Sequence[str]
) -> list[dict[str, Any]]:
    columns = [(j, concept) for j, concept in enumerate(scores.concepts) if concept in concepts]
    return [
        {
            "study": study.study_id,
            "patient": study.patient_id,
            "stratum": stratum(study, keys),
            "concept": concept,
            "score": scores.values[i, j],
            "presence": study.presence(concept).value,
            "note": _note(scores, i, j),
            **{key: study.metadata.get(key, "") for key in METADATA},
        }
        for i, study in enumerate(studies)
        for j, concept in columns
    ]


def _note(scores: Scores, i: int, j: int) -> str:
    return scores.notes.get(scores.study_ids[i]) or scores.notes.get(scores.concepts[j]) or ""


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _nothing_read(unreadable: Mapping[str, str]) -> str:
    if not unreadable:
        return "The corpus holds no study in this split: check its root, split and options."
    return f"None of the {len(unreadable)} images could be read. First: {next(iter(unreadable.values()))}"

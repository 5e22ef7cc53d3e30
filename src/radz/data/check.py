"""Check a corpus: images that are missing, damaged or duplicated, wrong labels, patients on both sides of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz import registry
from radz.data.faults import noting
from radz.data.options import require_options
from radz.errors import ImageError, LeakageError, MissingExtraError, RadzError, UnknownNameError
from radz.imaging.near_duplicates import alike, fingerprints, grouped, thumbnail
from radz.imaging.read import survey_image
from radz.leakage.membership import origin_of, pack_ids
from radz.leakage.overlap import Overlap, find_overlap
from radz.provenance import Provenance
from radz.types import Study

LAYOUT, LABELS, PATIENTS = "layout", "labels", "patients"
MISSING, UNREADABLE, DUPLICATE, ALIKE = "missing", "unreadable", "duplicate", "alike"
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a corpus. images: file names. serious: no result can be trusted until it is corrected; others need a
    look."""

    kind: str
    message: str
    images: tuple[str, ...] = ()
    serious: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check. about: where to obtain the corpus, and its terms."""

    corpus: str
    studies: int
    images: int
    about: Mapping[str, str]
    faults: tuple[Fault, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether there is no serious fault."""
        return not any(fault.serious for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Survey:
    """One image: the hash of its file and its thumbnail (17, 17), or the fault that prevents them."""

    digest: bytes | None = None
    thumbnail: NDArray[Any] | None = None
    fault: Fault | None = None


def check(
    name: str,
    root: Any,
    options: Mapping[str, Any] | None = None,
    *,
    workers: int = 2,
    compare_images: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Open the corpus ``name`` at ``root`` and read every image of it.

    compare_images: also look for images that are in several files. progress: called with the images done and all.
    Raises UnknownNameError for a corpus or an option that does not exist, MissingExtraError if files need an extra.
    """
    plugin = registry.load("corpora", name)
    require_options(plugin, name, options or {})
    about = {"obtain": plugin.about.obtain, "terms": plugin.about.terms}
    with noting() as opening_errors:
        try:
            corpus = plugin(root, **(options or {}))
        except MissingExtraError:
            raise
        except RadzError as error:
            return Checked(name, 0, 0, about, tuple(map(_opening_fault, [*opening_errors, error])))
    surveys = _survey_all(corpus, workers, progress)
    faults = [*map(_opening_fault, opening_errors), *(survey.fault for survey in surveys if survey.fault)]
    faults += _duplicate_files(corpus.records, surveys)
    faults += _similar_images(corpus.records, surveys) if compare_images else []
    images = sum(survey.thumbnail is not None for survey in surveys)
    return Checked(name, len(corpus.records), images, about, tuple(faults))


def corpus_fingerprints(
    corpus: Any, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> NDArray[Any]:
    """Fingerprints (N, 512) of a corpus's images; zeros, which resemble nothing, where an image cannot be read."""
    return _fingerprints(_survey_all(corpus, workers, progress))


def compare(
    name: str,
    corpus: Any,
    other_name: str,
    other: Any,
    *,
    aliases: Mapping[str, str] | None = None,
    compare_images: bool = False,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Overlap:
    """What ``corpus`` shares with ``other``, by ids and, with ``compare_images``, by pixels."""
    origin = origin_of(other, other_name)
    as_if_trained = Provenance(corpus=origin, split="", trained_ids=pack_ids(other.records, origin))
    overlap = find_overlap(as_if_trained, origin_of(corpus, name), corpus.records, aliases)
    if not compare_images:
        return overlap
    return replace(overlap, similar=count_similar_images(corpus, other, workers, progress))


def count_similar_images(
    corpus: Any, other: Any, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> int:
    """How many images of ``corpus`` look like one of ``other``."""
    ours, theirs = (corpus_fingerprints(images, workers, progress) for images in (corpus, other))
    return len({i for i, _, _ in alike(ours, theirs)})


def _survey_all(corpus: Any, workers: int, progress: Callable[[int, int], None] | None) -> list[_Survey]:
    surveys: list[_Survey] = []
    chunks = [range(i, min(i + _CHUNK, len(corpus))) for i in range(0, len(corpus), _CHUNK)]
    with ThreadPoolExecutor(workers) as threads:  # decoding releases the GIL
        survey = partial(_survey, corpus)
        for chunk in threads.map(lambda indices: [*map(survey, indices)], chunks):
            surveys += chunk
            if progress is not None:
                progress(len(surveys), len(corpus))
    return surveys


def _survey(corpus: Any, index: int) -> _Survey:
    study = corpus.records[index]
    try:
        digest, small = (None, None) if study.image is None else survey_image(study.image)
        return _Survey(digest, _thumbnail(corpus, index, small))
    except ImageError as error:
        absent = study.image is not None and not study.image.exists()
        reason = str(error).removeprefix(f"{study.image}: ")  # the fault names the image
        return _Survey(fault=Fault(MISSING if absent else UNREADABLE, reason, (_image_name(study),)))


def _thumbnail(corpus: Any, index: int, surveyed: NDArray[Any] | None) -> NDArray[Any] | None:
    """The thumbnail (17, 17) of the survey, where the corpus takes files unchanged; else that of the pixels read."""
    unchanged = (
        getattr(corpus, "reads_files_unchanged", False) and corpus.records[index].study_id not in corpus.inverted
    )
    if surveyed is not None and unchanged:
        return surveyed
    pixels = corpus[index].pixels
    return None if pixels is None else thumbnail(pixels)


def _duplicate_files(records: Sequence[Study], surveys: Sequence[_Survey]) -> list[Fault]:
    rows_of: dict[bytes, list[int]] = defaultdict(list)
    for i, survey in enumerate(surveys):
        if survey.digest is not None:
            rows_of[survey.digest].append(i)
    return [_duplicates(DUPLICATE, "are the same file", records, rows) for rows in rows_of.values() if len(rows) > 1]


def _similar_images(records: Sequence[Study], surveys: Sequence[_Survey]) -> list[Fault]:
    pairs = [
        (i, j)
        for i, j, _ in alike(_fingerprints(surveys))
        if surveys[i].digest is None or surveys[i].digest != surveys[j].digest
    ]
    return [_duplicates(ALIKE, "look like the same image", records, rows) for rows in grouped(pairs)]


def _fingerprints(surveys: Sequence[_Survey]) -> NDArray[Any]:
    """Fingerprints (N, 512) of N images; zeros where there is no thumbnail."""
    blank = np.zeros((17, 17), np.float32)
    return fingerprints(np.array([blank if survey.thumbnail is None else survey.thumbnail for survey in surveys]))


def _duplicates(kind: str, what: str, records: Sequence[Study], rows: Sequence[int]) -> Fault:
    """Images that occur more than once. The same file on both sides of a split is serious."""
    studies = [records[row] for row in rows]
    splits = sorted({study.split for study in studies if study.split})
    message = [f"{len(rows)} images {what}"]
    message += [f"in {' and '.join(splits)}"] if len(splits) > 1 else []
    message += ["of different patients"] if len({study.patient_id for study in studies}) > 1 else []
    message += ["labelled differently"] if any(study.labels != studies[0].labels for study in studies) else []
    serious = kind == DUPLICATE and len(splits) > 1
    return Fault(kind, ", ".join(message), tuple(map(_image_name, studies)), serious)


def _opening_fault(error: RadzError) -> Fault:
    """The fault behind an error of opening the corpus."""
    if isinstance(error, LeakageError):
        return Fault(PATIENTS, str(error))
    return Fault(LABELS if isinstance(error, UnknownNameError) or "label" in str(error).lower() else LAYOUT, str(error))


def _image_name(study: Study) -> str:
    return study.image.name if study.image else study.study_id


def counts(faults: Iterable[Fault]) -> dict[str, int]:
    """Kind of fault -> how many there are, for the kinds that occur."""
    return dict(Counter(fault.kind for fault in faults))

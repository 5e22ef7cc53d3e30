"""A corpus and its files, checked: what is missing, damaged, twice there, mislabelled, or on both sides of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz import registry
from radz.data.decode import decode_study, reads_files_unchanged
from radz.data.faults import noting
from radz.data.options import require_options
from radz.errors import ImageError, LeakageError, MissingExtraError, RadzError, UnknownNameError
from radz.imaging.near_duplicates import alike, fingerprints, grouped, thumbnail
from radz.imaging.read import survey_image
from radz.imaging.subprocess_decoder import SubprocessDecoder
from radz.leakage.membership import origin_of, pack_ids
from radz.leakage.overlap import Overlap, find_overlap
from radz.provenance import Provenance
from radz.types import Study

LAYOUT, LABELS, PATIENTS = "layout", "labels", "patients"
MISSING, UNREADABLE, DUPLICATE, ALIKE = "missing", "unreadable", "duplicate", "alike"
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be. films: which, by file. serious: no result can be trusted before it is
    settled; the others are to be looked at."""

    kind: str
    message: str
    films: tuple[str, ...] = ()
    serious: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked and found. about: where the corpus is obtained, under which terms."""

    corpus: str
    studies: int
    images: int
    about: Mapping[str, str]
    faults: tuple[Fault, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing serious was found."""
        return not any(fault.serious for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One film: hash of its file, thumbnail, or why there is none."""

    digest: bytes | None = None
    thumbnail: NDArray[Any] | None = None
    fault: Fault | None = None


def check(
    name: str,
    root: Any,
    options: Mapping[str, Any] | None = None,
    *,
    workers: int = 2,
    pictures: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Open the corpus ``name`` at ``root`` and look at every film of it.

    pictures: also compare all pictures with each other. progress: told (done, all). Raises UnknownNameError for a
    corpus or an option that does not exist, MissingExtraError where its files need an extra.
    """
    plugin = registry.load("corpora", name)
    require_options(plugin, name, options or {})
    about = {"obtain": plugin.about.obtain, "terms": plugin.about.terms}
    with noting() as noted:
        try:
            corpus = plugin(root, **(options or {}))
        except MissingExtraError:
            raise
        except RadzError as error:
            return Checked(name, 0, 0, about, tuple(map(_noted, [*noted, error])))
    seen = _look(corpus, workers, progress)
    faults = [*map(_noted, noted), *(film.fault for film in seen if film.fault)]
    faults += _same_files(corpus.records, seen)
    faults += _same_pictures(corpus.records, seen) if pictures else []
    images = sum(film.thumbnail is not None for film in seen)
    return Checked(name, len(corpus.records), images, about, tuple(faults))


def picture_table(corpus: Any, workers: int = 2, progress: Callable[[int, int], None] | None = None) -> NDArray[Any]:
    """Fingerprints (N, 512) of a corpus's films; zeros, which are like nothing, where a film cannot be read."""
    return _fingerprints(_look(corpus, workers, progress))


def compare(
    name: str,
    corpus: Any,
    other_name: str,
    other: Any,
    *,
    aliases: Mapping[str, str] | None = None,
    pictures: bool = False,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Overlap:
    """What ``corpus`` shares with ``other``, by ids and, where ``pictures``, by the look of the films."""
    theirs = origin_of(other, other_name)
    met = Provenance(corpus=theirs, split="", trained_ids=pack_ids(other.records, theirs))
    found = find_overlap(met, origin_of(corpus, name), corpus.records, aliases)
    return replace(found, similar=shared_pictures(corpus, other, workers, progress)) if pictures else found


def shared_pictures(
    corpus: Any, other: Any, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> int:
    """How many films of ``corpus`` look like one of ``other``."""
    ours, theirs = (picture_table(films, workers, progress) for films in (corpus, other))
    return len({i for i, _, _ in alike(ours, theirs)})


def _look(corpus: Any, workers: int, progress: Callable[[int, int], None] | None) -> list[_Seen]:
    seen: list[_Seen] = []
    chunks = [range(i, min(i + _CHUNK, len(corpus))) for i in range(0, len(corpus), _CHUNK)]
    with SubprocessDecoder() as decoder, ThreadPoolExecutor(workers) as threads:  # decoding releases the GIL
        look = partial(_look_at, corpus, decoder)
        for films in threads.map(lambda chunk: [*map(look, chunk)], chunks):
            seen += films
            if progress is not None:
                progress(len(seen), len(corpus))
    return seen


def _look_at(corpus: Any, decoder: SubprocessDecoder, index: int) -> _Seen:
    study = corpus.records[index]
    try:
        digest, small = (None, None) if study.image is None else survey_image(study.image)
        return _Seen(digest, _thumbnail(corpus, decoder, index, small))
    except ImageError as error:
        absent = study.image is not None and not study.image.exists()
        return _Seen(fault=Fault(MISSING if absent else UNREADABLE, _without_place(error, study), (_film(study),)))


def _thumbnail(
    corpus: Any, decoder: SubprocessDecoder, index: int, surveyed: NDArray[Any] | None
) -> NDArray[Any] | None:
    """What the survey saw, where the corpus takes the file as it is; else what reading gives."""
    as_it_is = reads_files_unchanged(corpus) and corpus.records[index].study_id not in corpus.inverted
    if surveyed is not None and as_it_is:
        return surveyed
    return decode_study(decoder, corpus, index, thumbnail)


def _same_files(records: Sequence[Study], seen: Sequence[_Seen]) -> list[Fault]:
    files: dict[bytes, list[int]] = defaultdict(list)
    for i, film in enumerate(seen):
        if film.digest is not None:
            files[film.digest].append(i)
    return [_twice(DUPLICATE, "the same file", records, group) for group in files.values() if len(group) > 1]


def _same_pictures(records: Sequence[Study], seen: Sequence[_Seen]) -> list[Fault]:
    pairs = [
        (i, j) for i, j, _ in alike(_fingerprints(seen)) if seen[i].digest is None or seen[i].digest != seen[j].digest
    ]
    return [_twice(ALIKE, "look like the same picture", records, group) for group in grouped(pairs)]


def _fingerprints(seen: Sequence[_Seen]) -> NDArray[Any]:
    blank = np.zeros((17, 17), np.float32)
    return fingerprints(np.array([blank if film.thumbnail is None else film.thumbnail for film in seen]))


def _twice(kind: str, what: str, records: Sequence[Study], group: Sequence[int]) -> Fault:
    """Films that are there more than once. The same file on both sides of a split is serious."""
    studies = [records[i] for i in group]
    splits = sorted({study.split for study in studies if study.split})
    told = [f"{len(group)} films are {what}" if kind == DUPLICATE else f"{len(group)} films {what}"]
    told += [f"in {' and '.join(splits)}"] if len(splits) > 1 else []
    told += ["of different patients"] if len({study.patient_id for study in studies}) > 1 else []
    told += ["labelled differently"] if any(study.labels != studies[0].labels for study in studies) else []
    return Fault(kind, ", ".join(told), tuple(map(_film, studies)), serious=kind == DUPLICATE and len(splits) > 1)


def _noted(error: RadzError) -> Fault:
    if isinstance(error, LeakageError):
        return Fault(PATIENTS, str(error))
    return Fault(LABELS if isinstance(error, UnknownNameError) or "label" in str(error).lower() else LAYOUT, str(error))


def _film(study: Study) -> str:
    return study.image.name if study.image else study.study_id


def _without_place(error: ImageError, study: Study) -> str:
    """The reason alone: the film is named beside it."""
    return str(error).removeprefix(f"{study.image}: ")


def counts(faults: Iterable[Fault]) -> dict[str, int]:
    """Kind -> faults of it, those that there are."""
    found: dict[str, int] = defaultdict(int)
    for fault in faults:
        found[fault.kind] += 1
    return dict(found)

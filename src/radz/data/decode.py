"""Decode studies of a corpus so that a crash of a decoder costs one image, not the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from radz.imaging.find import is_dicom
from radz.imaging.subprocess_decoder import SubprocessDecoder
from radz.types import Pixels

T = TypeVar("T")


def decode_study(decoder: SubprocessDecoder, corpus: Any, index: int, make: Callable[[Pixels], T]) -> T | None:
    """``make`` of the pixels (1, H, W) of a study; ``None`` where it has no image. DICOM is decoded in a process.

    make: a function that can be pickled. A corpus that overrides reading is read in this process.
    Raises ImageError as reading does, and where the process ended; ConfigError where none can be started.
    """
    study = corpus.records[index]
    if study.image is not None and reads_files_unchanged(corpus) and _is_dicom(study.image):
        return decoder.read(study.image, study.study_id in corpus.inverted, make)
    pixels = corpus[index].pixels
    return None if pixels is None else make(pixels)


def reads_files_unchanged(corpus: Any) -> bool:
    """Whether the corpus's pixels are what ``read_image`` gives, inverted where the corpus says so."""
    return bool(getattr(corpus, "reads_files_unchanged", False))


def _is_dicom(path: Path) -> bool:
    try:
        return is_dicom(path)
    except OSError:  # reading it will say what is wrong
        return False

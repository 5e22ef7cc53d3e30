"""The base class of corpora: an immutable sequence of studies of one split, opened without reading an image."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from radz.data.faults import notable
from radz.data.options import require_options
from radz.data.splits import SPLITS, check_patients, rows_text
from radz.data.studies import Studies
from radz.errors import CorpusError, UnknownNameError
from radz.imaging.read import read_image
from radz.types import Pixels, Study


@dataclass(frozen=True, slots=True)
class About:
    """What `radz data list` shows of a corpus: content, source and terms, one line each."""

    title: str
    obtain: str
    terms: str


class Corpus(Studies):
    """Studies of one split of a corpus, or of all; an index reads its image.

    findings: concept ids that the corpus labels, in a fixed order, the same for every split.
    splits: the splits that it has. records: the studies of the split that was opened, pixels not read.
    policies: name -> value of each choice that decides which images and labels these are; provenance keeps them.

    Images are read as the corpus publishes them, even if they look inverted, because one odd image must not stop a
    training. Images whose study ids are in ``inverted`` are inverted.
    """

    name: ClassVar[str]
    about: ClassVar[About]

    def __new__(cls, *_arguments: Any, **named: Any) -> Self:
        """Check the options before ``__init__`` sees them: a wrong one is a typed error, never a TypeError."""
        require_options(cls, cls.name, {key: value for key, value in named.items() if key not in ("root", "split")})
        return super().__new__(cls)

    def __init__(
        self,
        studies: Sequence[Study],
        findings: Sequence[str],
        split: str | None,
        *,
        inverted: Collection[str] = (),
        rows: Sequence[int] | None = None,
    ) -> None:
        """Check ``studies`` (all splits) and keep those of ``split``; ``rows`` are their rows in the table.

        Raises LeakageError for a patient in two splits, CorpusError for a duplicate study id, UnknownNameError for a
        split that the corpus does not have.
        """
        numbers = rows if rows is not None else range(1, len(studies) + 1)
        with notable():
            _require_unique([study.study_id for study in studies], numbers, self.name)
        with notable():
            check_patients(studies, self.name, numbers)
        present = {study.split for study in studies}
        self.findings, self.inverted = tuple(findings), frozenset(inverted)
        self.splits = tuple(name for name in SPLITS if name in present)
        if split is not None and split not in self.splits:
            raise UnknownNameError(f"split of {self.name}", split, self.splits)
        self.records = tuple(study for study in studies if split is None or study.split == split)

    @property
    def reads_files_unchanged(self) -> bool:
        """Whether pixels are what ``read_image`` gives, inverted where the corpus says so."""
        return (type(self).read, type(self).read_pixels) == (Corpus.read, Corpus.read_pixels)

    @classmethod
    @abstractmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Write three tiny studies, one per split, in the official layout; returns the root to open."""

    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        study = self.records[index]
        if study.image is None:
            return study
        return study.with_pixels(self.read_pixels(study))

    def read_pixels(self, study: Study) -> Pixels:
        """Pixels of a study's image, (1, h, w); a corpus whose files need more than their path overrides it."""
        assert study.image is not None
        return read_image(study.image, inverted=study.study_id in self.inverted).pixels


def _require_unique(ids: Sequence[str], rows: Sequence[int], where: str) -> None:
    counts = Counter(ids)
    if len(counts) < len(ids):
        duplicates = [row for row, study_id in zip(rows, ids, strict=True) if counts[study_id] > 1]
        raise CorpusError(
            f"{where}: {len(duplicates)} studies share their study id with another ({rows_text(duplicates)}). "
            "Remove or rename them."
        )

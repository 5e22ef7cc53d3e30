"""A sequence of studies whose images are read when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from radz.errors import ImageError
from radz.types import Study


class Studies(Sequence[Study]):
    """records: the studies, pixels not read. findings: concept ids that are labelled, in a fixed order.

    policies: by name, the choices that decided which images and which labels these are; provenance keeps them. An index
    reads the study's image.
    """

    records: tuple[Study, ...]
    findings: tuple[str, ...]
    policies: Mapping[str, str] = {}

    @abstractmethod
    def read(self, index: int) -> Study:
        """The study with its pixels read, where it has an image. Raises ImageError."""

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Study: ...
    @overload
    def __getitem__(self, index: slice) -> list[Study]: ...
    def __getitem__(self, index: int | slice) -> Study | list[Study]:
        """The study with its pixels read, where it has an image. Raises ImageError."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self.read(index)


def readable(corpus: Sequence[Study]) -> Iterator[Study]:
    """The studies whose image can be read, with pixels, in order; others are left out."""
    for i in range(len(corpus)):
        try:
            study = corpus[i]
        except ImageError:
            continue
        if study.pixels is not None:
            yield study

"""A corpus that `radz data convert` wrote, in a folder or at any URL that fsspec opens (s3://, gs://, https:// ...).

Studies are those of the converted corpus: ids, splits, labels, metadata and reports are equal, pixels to 7.6e-6 where
they were not resized. ``simplecache::s3://bucket/corpus`` keeps whole shards on this machine as they are read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from radz import registry
from radz.data.conversion import convert
from radz.data.corpora._corpus import About, Corpus
from radz.data.shards import Place, decode, open_place, read_index, shard_name
from radz.errors import ImageError
from radz.types import Study


class Shards(Corpus):
    """Studies in shards; ``origin`` names the corpus that they were made from."""

    name: ClassVar[str] = "shards"
    about: ClassVar[About] = About(
        title="any corpus in shards, local or remote, with pixels at the model's size",
        obtain="make them: radz data convert ROOT DIRECTORY --corpus NAME",
        terms="those of the corpus that they were made from",
    )

    def __init__(self, root: Path | str, split: str | None = None, *, storage: Mapping[str, Any] | None = None) -> None:
        """Open the folder or URL ``root``. storage: what fsspec needs to open it, such as keys.

        Raises CorpusError if there are no shards, UnknownNameError for a split that they do not have.
        """
        fs, path = open_place(str(root), storage)
        studies, places, about = read_index(fs, path)
        super().__init__(studies, about["findings"], split)
        self.origin: str = about["origin"]
        self.policies = about["policies"]
        ids = {study.study_id for study in self.records}
        self._places = [place for study, place in zip(studies, places, strict=True) if study.study_id in ids]
        self._path, self._fs = path, fs
        self._open: dict[int, int] = {}

    @classmethod
    def fake(cls, tmp_path: Path) -> Path:
        """Three images in one shard."""
        manifest = registry.load("corpora", "manifest")
        if not (tmp_path / "shards").exists():
            convert(manifest(manifest.fake(tmp_path / "films")), str(tmp_path / "shards"))
        return tmp_path / "shards"

    def read(self, index: int) -> Study:
        """The study with its pixels, where it has an image. Raises ImageError if the shard cannot be read."""
        study, place = self.records[index], self._places[index]
        if place is None:
            return study
        content = self._read(place)
        if fault := place.fault_of(content):
            raise ImageError(f"{self._path}/{shard_name(place.shard)}: {fault}. Convert the corpus again.")
        return study.with_pixels(decode(np.frombuffer(content, np.dtype(place.dtype)).reshape(place.shape)))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": {}}  # an open file belongs to its process

    def _read(self, place: Place) -> bytes:
        path = f"{self._path}/{shard_name(place.shard)}"
        try:
            if "file" in self._fs.protocol:
                return self._read_local(path, place)
            content: bytes = self._fs.cat_file(path, start=place.offset, end=place.offset + place.length)
        except OSError as error:
            raise ImageError(
                f"{path}: cannot be read: {error}. Check the place, or convert the corpus again."
            ) from None
        return content

    def _read_local(self, path: str, place: Place) -> bytes:
        """One read of an open file: a tenth of the time that opening it each time takes."""
        if place.shard not in self._open:
            self._open[place.shard] = os.open(path, os.O_RDONLY)
        return os.pread(self._open[place.shard], place.length, place.offset)


plugin = Shards

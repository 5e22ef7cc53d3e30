"""The folder or URL that shards are written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import Timeout

from radz.errors import CorpusError
from radz.storage import atomic_file, exclusive_lock, remove_unfinished


@dataclass(frozen=True, slots=True)
class ShardFolder:
    """A folder of an fsspec file system in which a file appears whole or not at all. url: its name in errors."""

    fs: Any
    path: str
    url: str

    @property
    def folder(self) -> Path | None:
        """The local folder, ``None`` if it is elsewhere."""
        return Path(self.path) if "file" in self.fs.protocol else None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, and keep other converters out of it. Raises CorpusError if it cannot be written."""
        try:
            self.fs.makedirs(self.path, exist_ok=True)
            with nullcontext() if self.folder is None else exclusive_lock(self.folder / ".convert", timeout_s=0):
                if self.folder is not None:
                    remove_unfinished(self.folder)
                yield
        except Timeout:
            raise CorpusError(f"{self.url}: another process is converting to this place. Wait for it.") from None
        except OSError as error:
            raise CorpusError(
                f"{self.url}: cannot be written: {error.strerror or error}. Make space or choose another place; the "
                "same command continues where this one stopped."
            ) from error

    @contextmanager
    def written(self, name: str) -> Iterator[IO[bytes]]:
        """A file to write; object stores show one when it is closed."""
        if self.folder is None:
            with self.fs.open(f"{self.path}/{name}", "wb") as file:
                yield file
        else:
            with atomic_file(self.folder / name) as unfinished, unfinished.open("wb") as file:
                yield file

    def remove(self, names: Sequence[str]) -> None:
        """Remove the files that exist."""
        for name in names:
            if self.fs.exists(f"{self.path}/{name}"):
                self.fs.rm_file(f"{self.path}/{name}")

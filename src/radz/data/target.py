"""The split of a corpus to train, calibrate or evaluate on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from radz.config import parse_options
from radz.data.views.folds import Fold, open_corpus


@dataclass(frozen=True, slots=True)
class Target:
    """One split of a corpus, not opened yet.

    corpus: a file in radz/data/corpora. root: its directory, its table, or the URL of shards. options: passed to the
    corpus by name. fold: under a fold, ``train`` and ``val`` are those of the fold.
    """

    corpus: str
    root: Path | str
    split: str = "test"
    options: Mapping[str, Any] = field(default_factory=dict)
    fold: Fold | None = None

    @classmethod
    def parse(
        cls, corpus: str, root: Path | str, split: str = "test", options: Iterable[str] = (), fold: str | None = None
    ) -> Self:
        """Read options written ``a.b=value`` and a fold written ``k/n``. Raises ConfigError if they are not."""
        return cls(corpus, root, split, parse_options(options), None if fold is None else Fold.parse(fold))

    def open(self, split: str | None = None) -> Any:
        """Open the split, or another ``split`` with the same options; no image is read.

        Raises CorpusError, UnknownNameError and LeakageError as ``open_corpus`` does.
        """
        return open_corpus(self.corpus, self.root, split or self.split, self.options, self.fold)

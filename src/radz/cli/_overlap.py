"""What an evaluation shares with training, for ``radz evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radz.provenance import Provenance


def shared_with_training(
    provenance: Provenance,
    corpus: Any,
    name: str,
    *,
    aliases: Path | None = None,
    training_root: Path | None = None,
    training_options: Sequence[str] = (),
) -> tuple[str, ...]:
    """What the films of ``corpus``, called ``name``, share with those that the model was trained on, a line each.

    training_root: where the corpus lies that the model was trained on, to compare the pictures too.
    """
    from radz.data.aliases import read_aliases
    from radz.data.check import shared_pictures
    from radz.data.views.folds import open_corpus
    from radz.leakage.membership import origin_of
    from radz.leakage.overlap import find_overlap

    names = None if aliases is None else read_aliases(aliases)
    found = find_overlap(provenance, origin_of(corpus, name), corpus.records, names)
    if training_root is not None:
        from radz.config import parse_options

        trained = open_corpus(provenance.corpus, training_root, provenance.split, parse_options(training_options))
        found = replace(found, similar=shared_pictures(corpus, trained))
    return tuple(found.lines())

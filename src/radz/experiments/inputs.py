"""Inputs that the use cases share: images to evaluate on, a model to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from radz.config import parse_options
from radz.data.target import Target
from radz.data.views.folds import Fold
from radz.errors import ConfigError
from radz.eval.entry import EvaluationSet
from radz.serve.predictor import Predictor

Options = Mapping[str, Any] | Iterable[str]
"""Options of a corpus: a mapping, or strings ``a.b=value`` with YAML values."""
PathLike = str | Path


def open_images(
    corpus: Any, root: PathLike | None, split: str, options: Options = (), fold: str | None = None
) -> EvaluationSet:
    """The images to score. corpus: a plug-in's name, opened at ``root``, or a corpus that is open already.

    Raises ConfigError if nothing is named, and as the corpus does.
    """
    if corpus is not None and not isinstance(corpus, str):
        name = str(getattr(corpus, "name", type(corpus).__name__))
        return EvaluationSet(Target(name, "", _split_of(corpus, split)), corpus)
    if corpus is None or root is None:
        raise ConfigError(
            "Nothing to evaluate: give --corpus NAME and --root FOLDER, or scores with --from-scores FILE."
        )
    values = dict(options) if isinstance(options, Mapping) else parse_options(options)
    return EvaluationSet.open(Target(corpus, root, split, values, None if fold is None else Fold.parse(fold)))


def load_model(
    model: PathLike | Predictor | None,
    *,
    source: str | None = None,
    findings_files: Sequence[PathLike] = (),
    calibration: PathLike | None = None,
) -> Predictor:
    """A predictor over a checkpoint directory, the shipped one by default; a predictor is taken as it is."""
    if isinstance(model, Predictor):
        return model
    return Predictor.load(
        model, source=source, findings=[Path(file) for file in findings_files], calibration=calibration
    )


def _split_of(corpus: Any, asked: str) -> str:
    """The split of an open corpus: its studies' own where they agree, else what the caller says."""
    splits = {study.split for study in corpus.records}
    (only,) = splits if len(splits) == 1 else (None,)
    return only or asked

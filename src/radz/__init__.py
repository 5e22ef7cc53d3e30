"""radz: zero-shot radiology recognition with the decoder features of a multimodal language model."""

from __future__ import annotations

import os
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "calibrate", "compare", "corpora", "evaluate", "label_report", "load", "read_image", "train"]

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
"""Read when torch is imported: threads that spin while they wait slow a busy machine down."""

_LAZY = {
    "calibrate": "radz.experiments.calibrate:calibrate",
    "compare": "radz.experiments.compare:compare",
    "corpora": "radz.data.corpora",
    "evaluate": "radz.experiments.evaluate:evaluate",
    "label_report": "radz.text.labeler:label_report",
    "read_image": "radz.imaging.read:read_image",
    "train": "radz.experiments.train:train",
}
"""Attribute -> where it is; imported when it is asked for, so that ``import radz`` stays light."""

if TYPE_CHECKING:
    from radz.data import corpora as corpora
    from radz.experiments.calibrate import calibrate as calibrate
    from radz.experiments.compare import compare as compare
    from radz.experiments.evaluate import evaluate as evaluate
    from radz.experiments.train import train as train
    from radz.imaging.read import read_image as read_image
    from radz.serve.predictor import Predictor
    from radz.text.labeler import label_report as label_report


def load(model: str | None = None, **settings: Any) -> Predictor:
    """A predictor over the shipped checkpoint, or over the checkpoint directory ``model``.

    >>> predictor = radz.load()                   # doctest: +SKIP
    >>> predictor.predict("film.png").top(3)      # doctest: +SKIP
    """
    from radz.serve.predictor import Predictor

    return Predictor.load(model, **settings)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'radz' has no attribute '{name}'")
    return resolve_name(_LAZY[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})

"""radz: zero-shot radiology recognition with the decoder features of a multimodal language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load"]

if TYPE_CHECKING:
    from radz.serve.predictor import Predictor


def load(model: str | None = None, **settings: Any) -> Predictor:
    """A predictor over the shipped checkpoint, or over the checkpoint directory ``model``.

    >>> predictor = radz.load()                   # doctest: +SKIP
    >>> predictor.predict("film.png").top(3)      # doctest: +SKIP
    """
    from radz.serve.predictor import Predictor

    return Predictor.load(model, **settings)

"""Films as a baseline takes them, and the loop over batches that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from radz.errors import ImageError
from radz.types import Anchors, Pixels, Scores, Study

ScoreFilms = Callable[[list[Pixels]], NDArray[np.float32]]
"""Films (1, H, W) -> (B, C)."""


def score_in_batches(studies: Sequence[Study], anchors: Anchors, size: int, score_films: ScoreFilms) -> Scores:
    """Scores of ``studies`` in order, ``size`` films at a time. Raises ImageError for a study without pixels."""
    rows = [np.zeros((0, len(anchors)), dtype=np.float32)]
    for start in range(0, len(studies), size):
        rows.append(score_films([pixels_of(study) for study in studies[start : start + size]]))
    values = np.concatenate(rows).astype(np.float32)
    return Scores(tuple(study.study_id for study in studies), anchors.concepts, values)


def pixels_of(study: Study) -> Pixels:
    """The film of a study. Raises ImageError where it was not read."""
    if study.pixels is None:
        raise ImageError(f"Study {study.study_id} has no pixels: read it through its corpus, corpus[i].")
    return study.pixels


def as_picture(film: Pixels) -> Image.Image:
    """(1, H, W) in [0, 1] -> 8-bit RGB, bright = dense: what these models' own preprocessing starts from."""
    grey = np.clip(np.rint(film[0] * 255), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def best_device() -> torch.device:
    """An accelerator where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

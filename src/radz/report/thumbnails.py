"""Images small enough for a page, without anything that names a patient."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from radz.errors import ImageError
from radz.metrics.hardest_cases import HardestCase
from radz.report.contents import Case
from radz.types import Pixels

SIDE = 192
"""Longest side of an image in the page, in pixels."""
QUALITY = 80


def with_images(cases: Iterable[HardestCase], corpus: Any) -> tuple[Case, ...]:
    """Cases with their images, each read once from the corpus; ``None`` for an image that cannot be read."""
    cases = tuple(cases)
    index = {record.study_id: i for i, record in enumerate(corpus.records)}
    images = {study: _image(corpus, index.get(study)) for study in {case.study for case in cases}}
    return tuple(Case(case, images[case.study]) for case in cases)


def as_jpeg(pixels: Pixels) -> str:
    """Pixels (1, h, w) in [0, 1] -> base64 of a JPEG of at most SIDE by SIDE; it holds no metadata."""
    image = Image.fromarray(np.round(pixels[0] * 255).clip(0, 255).astype(np.uint8))
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _image(corpus: Any, index: int | None) -> str | None:
    if index is None:
        return None
    try:
        pixels = corpus[index].pixels
    except ImageError:
        return None
    return None if pixels is None else as_jpeg(pixels)

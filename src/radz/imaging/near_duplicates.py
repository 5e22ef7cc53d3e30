"""Near-duplicate images: one image in two files of different encoding, size or contrast.

The fingerprint of an image is a unit vector of the brightness gradients of its 17 x 17 thumbnail: the difference hash
of J. Buchner's imagehash and others, not rounded to bits. Measured on the 4,607 development images (10.6 million
pairs), a cosine above 0.95 detected 99 % of the images that were stored again as JPEG of quality 40, at 64 or 224
pixels, with gamma 0.8 or 1.4 or with stretched contrast; 15 pairs of different files exceeded it, some of them true
duplicates. It detects half of the equalised images, and a fifth of those cropped by 2 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radz.imaging.raster import THUMBNAIL
from radz.types import Pixels

ALIKE = 0.95
_TILE = 1024


def fingerprints(thumbnails: NDArray[Any]) -> NDArray[np.float16]:
    """Thumbnails (N, 17, 17) -> unit vectors (N, 512) of their gradients, across then down; zeros where flat."""
    planes = thumbnails.astype(np.float32)
    across, down = np.diff(planes[:, :-1], axis=2), np.diff(planes[:, :, :-1], axis=1)
    gradients = np.concatenate([across.reshape(len(planes), -1), down.reshape(len(planes), -1)], axis=1)
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    unit = np.divide(gradients, lengths, out=np.zeros_like(gradients), where=lengths > 0)
    return np.asarray(unit, np.float16)


def thumbnail(pixels: Pixels) -> NDArray[np.float32]:
    """Pixels (1, H, W) -> means of a grid of areas, (17, 17)."""
    plane = Image.fromarray(pixels[0])
    means: NDArray[np.float32] = np.asarray(plane.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
    return means


def alike(first: NDArray[np.float16], second: NDArray[np.float16] | None = None) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, cosine) of rows of ``first`` (N, 512) and ``second`` (M, 512) that show the same image.

    Without ``second``: pairs i < j of ``first``. All pairs are compared, in tiles: seconds for 20,000 images.
    """
    others = first if second is None else second
    for i in range(0, len(first), _TILE):
        rows = first[i : i + _TILE].astype(np.float32)
        for j in range(0 if second is not None else i, len(others), _TILE):
            cosines = rows @ others[j : j + _TILE].astype(np.float32).T
            if cosines.max() < ALIKE:  # nearly always, and faster than to look where
                continue
            for a, b in zip(*np.nonzero(cosines >= ALIKE), strict=True):
                if second is not None or i + a < j + b:
                    yield int(i + a), int(j + b), float(cosines[a, b])


def grouped(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Pairs merged into groups whose members are all the same image, sorted."""
    group: dict[int, list[int]] = {}
    for a, b in pairs:
        one, other = group.setdefault(a, [a]), group.setdefault(b, [b])
        if one is not other:
            one += other
            group.update(dict.fromkeys(other, one))
    return sorted(sorted(members) for members in {id(members): members for members in group.values()}.values())

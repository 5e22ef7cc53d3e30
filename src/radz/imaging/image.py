"""One radiograph: its pixels, and the facts of its header that results need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radz.types import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What ``read_image`` gives. PNG, JPEG and TIFF state no facts; a fact that a DICOM header omits is empty.

    pixels: float32, shape (1, H, W), in [0, 1], bright = dense. ``image[0]`` is the plane (H, W), and numpy takes an
    Image as its pixels.
    modality, body_part, view, laterality: DICOM code strings, upper case (``DX``, ``CHEST``, ``PA``, ``L``).
    spacing_mm: height and width of a pixel, of PixelSpacing or else of ImagerPixelSpacing.
    photometric: PhotometricInterpretation. inverted: whether the file's values were inverted to make bright dense.
    notes: oddities of the file and how it was read, a sentence each.
    """

    pixels: Pixels
    modality: str = ""
    body_part: str = ""
    view: str = ""
    laterality: str = ""
    spacing_mm: tuple[float, float] | None = None
    photometric: str = ""
    inverted: bool = False
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    notes: tuple[str, ...] = ()

    def __getitem__(self, index: Any) -> Any:
        """``pixels[index]``: a plane (H, W), a row (W,) or one value."""
        return self.pixels[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The pixels (1, H, W), for numpy."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

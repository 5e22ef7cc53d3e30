"""A CT volume to an antero-posterior radiograph: parallel X-rays, Beer-Lambert, a logarithmic detector.

The beam is monochromatic, without scatter or noise, and its source is at infinity, so nothing is magnified.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radz.simulate.ct import Volume
from radz.types import Pixels

MU_WATER_PER_MM = 0.0193
"""Linear attenuation of water at about 70 keV, the usual effective energy of a 120 kVp chest exposure."""
DISPLAY_WINDOW = (1.2, 5.3)
"""Attenuations shown as black and as white: a lung's is about 2, a mediastinum's about 5."""

Plane = NDArray[np.float32]


def radiograph(volume: Volume) -> Pixels:
    """The film of ``volume``, float32, (1, H, W) in [0, 1], bright = dense, pixels square with edge X."""
    integrals = line_integrals(volume)
    return film(transmission(square_pixels(integrals, volume.spacing_mm[2] / volume.spacing_mm[0])))


def attenuation_per_mm(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hounsfield units, any shape -> linear attenuation; values below air (padding outside the scan) are vacuum."""
    relative_to_water = (hu / 1000 + 1).astype(np.float32)
    return relative_to_water.clip(min=0) * np.float32(MU_WATER_PER_MM)


def line_integrals(volume: Volume) -> Plane:
    """Attenuation along each antero-posterior ray, no unit, (Z, X): head up, the patient's right on the left."""
    along_rays = attenuation_per_mm(volume.hu).sum(axis=1, dtype=np.float32) * np.float32(volume.spacing_mm[1])
    return np.ascontiguousarray(along_rays.T[::-1])


def transmission(integrals: Plane) -> Plane:
    """Line integrals (Z, X) -> share of the beam that reaches the detector, in (0, 1]."""
    return np.exp(-integrals)


def square_pixels(plane: Plane, aspect: float) -> Plane:
    """Pixels (H, W) that are ``aspect`` times as high as wide -> square ones, (H * aspect, W)."""
    height, width = plane.shape
    resized = Image.fromarray(plane).resize((width, max(1, round(height * aspect))), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)


def film(transmitted: Plane, window: tuple[float, float] = DISPLAY_WINDOW) -> Pixels:
    """A detector records the logarithm of its exposure: transmission (H, W) -> pixels (1, H, W) in [0, 1]."""
    black, white = window
    grey = (-np.log(transmitted) - black) / (white - black)
    return grey.clip(0, 1).astype(np.float32)[np.newaxis]

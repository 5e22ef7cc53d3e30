"""CT volumes made up of one material."""

from __future__ import annotations

import numpy as np

from radz.simulate.ct import Volume

WATER_HU, AIR_HU, PADDING_HU = 0.0, -1000.0, -2048.0


def block(hu: float, shape=(4, 10, 6), spacing_mm=(1.0, 2.0, 3.0)) -> Volume:
    return Volume(np.full(shape, hu, dtype=np.float32), spacing_mm)

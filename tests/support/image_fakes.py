"""Radiographs made up from noise, as Pillow images."""

from __future__ import annotations

import numpy as np
from PIL import Image

from radz.data.corpora._fakes import fake_chest


def fake_radiograph(seed, size=320):
    """The fake radiograph with large structures at random, so that two differ as those of two patients do."""
    base = Image.fromarray(fake_chest(seed)).resize((size, size), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    return Image.blend(base, Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC), 0.5)

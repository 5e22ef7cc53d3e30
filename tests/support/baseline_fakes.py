"""Studies, anchors and checkpoints that the tests of baselines share."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from eval_fakes import FINDINGS, make_anchors, make_corpus
from radz.baselines import BaselineContext, open_baseline

STUDIES = make_corpus(3).studies
ANCHORS = make_anchors()
CONTEXT = BaselineContext(lambda: make_corpus(8, "train"))
STATED = [f"There is {name}." for name in FINDINGS]
DENIED = [f"There is no {name}." for name in FINDINGS]


def rgb_images() -> list[Image.Image]:
    """The images of ``STUDIES`` in 8-bit RGB."""
    grey = [np.rint(study.pixels[0] * 255).astype(np.uint8) for study in STUDIES]
    return [Image.fromarray(image).convert("RGB") for image in grey]


def score(name: str, source: str | None, **options: object) -> Tensor:
    """Scores (3, 3) of ``STUDIES`` under ``ANCHORS``."""
    return torch.from_numpy(open_baseline(name, source, CONTEXT, options).score(STUDIES, ANCHORS).values)


class Payload:
    """Runs code when it is unpickled."""

    ran = False

    def __reduce__(self):
        return (setattr, (Payload, "ran", True))

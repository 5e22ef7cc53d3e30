"""A saved directory of anchors."""

from __future__ import annotations

from pathlib import Path

import torch

from radz.anchors import save_anchors
from radz.knowledge import KnowledgeBase
from radz.types import Anchors

CONCEPTS = [KnowledgeBase.load()[name] for name in ("mass", "effusion")]
MODEL = {"fingerprint": "abc"}


def save_two(directory: Path, denials: bool) -> Anchors:
    """Anchors of mass and effusion at right angles, written to ``directory``."""
    rows = torch.eye(2)
    sides, texts = (rows, -rows if denials else None), (("a", "b"), ("c",))
    denied = (("no a",), ("no c",)) if denials else ()
    names = tuple(concept.name for concept in CONCEPTS)
    anchors = Anchors(("mass", "effusion"), *sides, texts, "rules", names=names, denials=denied)
    save_anchors(anchors, CONCEPTS, MODEL, directory)
    return anchors

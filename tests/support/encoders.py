"""Text encoders for tests, free of any model."""

from __future__ import annotations

import hashlib

import torch
from torch.nn import functional as F


def encode_text(texts):
    """Unit rows that depend on each text alone."""
    seeds = [int.from_bytes(hashlib.sha256(t.encode()).digest()[:6], "big") for t in texts]
    rows = [torch.randn(16, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return F.normalize(torch.stack(rows), dim=1)

"""``radz predict``."""

from __future__ import annotations


def predict() -> None:
    """Placeholder until the command lands in this series of commits."""
    raise NotImplementedError

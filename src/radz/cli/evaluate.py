"""``radz evaluate``."""

from __future__ import annotations


def evaluate() -> None:
    """Placeholder until the command lands in this series of commits."""
    raise NotImplementedError

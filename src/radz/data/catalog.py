"""The corpora that radz reads, with source and terms."""

from __future__ import annotations

from dataclasses import asdict

from radz import registry


def catalogue() -> dict[str, dict[str, str]]:
    """Corpus -> its title, where to obtain it and its terms, sorted by name."""
    return {name: asdict(registry.load("corpora", name).about) for name in registry.names("corpora")}

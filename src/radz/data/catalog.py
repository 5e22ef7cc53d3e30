"""What the corpora say of themselves."""

from __future__ import annotations

from dataclasses import asdict

from radz import registry


def catalogue() -> dict[str, dict[str, str]]:
    """Corpus -> its title, where to obtain it and its terms, in the order of their names."""
    return {name: asdict(registry.load("corpora", name).about) for name in registry.names("corpora")}

"""Tiny checkpoints, saved once for all tests of baselines."""

from __future__ import annotations

import pytest

import tiny_checkpoints


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Name of a baseline -> its tiny checkpoint."""
    saved = {}

    def save(name: str) -> str:
        if name not in saved:
            saved[name] = getattr(tiny_checkpoints, f"save_{name}")(tmp_path_factory.mktemp(name) / "tiny")
        return str(saved[name])

    return save

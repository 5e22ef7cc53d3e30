"""Fixtures of the tests of training."""

from __future__ import annotations

from pathlib import Path

import pytest

from training_runs import save_corpus


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    """Manifest of twenty-four images, eighteen of them in the training split."""
    return save_corpus(tmp_path_factory.mktemp("images"))

"""What several tests share."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models: two workers with a thread each beat one with two


@pytest.fixture(scope="session")
def llava_dir(tmp_path_factory):
    """Directory of a tiny LLaVA checkpoint."""
    from tiny import save_tiny_llava

    return save_tiny_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(autouse=True)
def _own_anchor_cache(tmp_path_factory, monkeypatch):
    """No test reads or fills the user's cache of anchors; the prepared backbone stays where it is."""
    folder = tmp_path_factory.mktemp("anchor-cache")
    monkeypatch.setattr("radz.serve.predictor.cache_root", lambda: folder)

"""A saved directory of anchors, with and without denials."""

from __future__ import annotations

import pytest

from anchor_fakes import save_two


@pytest.fixture(params=[True, False], ids=["denials", "no denials"])
def saved(request, tmp_path):
    return tmp_path / "anchors", save_two(tmp_path / "anchors", request.param)

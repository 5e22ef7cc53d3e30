"""Checkpoints in transformers' format: another kind of model is refused."""

from __future__ import annotations

import pytest

from baseline_fakes import score
from radz.errors import CheckpointError


def test_other_checkpoints_than_the_baselines_own_are_refused(checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match=r"model of type 'clip', but 'siglip' takes siglip, siglip2"):
        score("siglip", checkpoint("clip"))
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'clip'"):
        score("clip", str(tmp_path))

"""Checkpoints in transformers' format: another kind of model is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from baseline_fakes import score
from llava_variants import copy_llava, with_code, without
from radz.errors import CheckpointError


def test_other_checkpoints_than_the_baselines_own_are_refused(checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match=r"model of type 'clip', but 'siglip' takes siglip, siglip2"):
        score("siglip", checkpoint("clip"))
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'clip'"):
        score("clip", str(tmp_path))


@pytest.mark.parametrize("name", ["clip", "siglip", "blip2", "llava", "frozen_mllm"])
def test_code_of_a_checkpoint_is_never_run(checkpoint, name, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    source = with_code(Path(checkpoint(name)), tmp_path / name, ran=tmp_path / "ran")
    with pytest.raises(CheckpointError, match="It contains code, which radz never runs"):
        score(name, str(source))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "part"), [("clip", "text_model"), ("siglip", "vision_model.encoder"), ("blip2", "vision_projection")]
)
def test_a_checkpoint_that_lacks_weights_is_refused(checkpoint, name, part, tmp_path):
    source = copy_llava(Path(checkpoint(name)), tmp_path / name, without(part))
    with pytest.raises(CheckpointError, match=rf"lacks \d+ weights \({part}"):
        score(name, str(source))

"""BiomedCLIP in parity with open_clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from baseline_fakes import DENIED, STATED, rgb_images, score
from llava_variants import with_code
from radz.errors import CheckpointError


def test_biomedclip_is_open_clips_own_score(checkpoint):
    open_clip = pytest.importorskip("open_clip")
    source = checkpoint("biomedclip")
    settings = json.loads(Path(source, "open_clip_config.json").read_text())["model_cfg"]
    settings["text_cfg"]["hf_model_name"] = source
    model = open_clip.CustomTextCLIP(**settings).eval()
    model.load_state_dict(load_file(f"{source}/open_clip_model.safetensors"))
    transform = open_clip.image_transform(160, is_train=False)
    tokenizer = open_clip.tokenizer.HFTokenizer(source, context_length=32)
    images, texts, _ = model(torch.stack([transform(p) for p in rgb_images()]), tokenizer([*STATED, *DENIED]))
    positive, negative = (images @ texts.T).split(3, dim=1)
    torch.testing.assert_close(score("biomedclip", source), positive - negative, atol=1e-5, rtol=0)


def test_code_beside_the_weights_is_never_run(checkpoint, tmp_path, monkeypatch):
    pytest.importorskip("open_clip")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    source = with_code(Path(checkpoint("biomedclip")), tmp_path / "code", ran=tmp_path / "ran")
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'biomedclip'"):
        score("biomedclip", str(source))
    assert not (tmp_path / "ran").exists()


def test_a_revision_that_cannot_be_downloaded_is_refused():
    pytest.importorskip("open_clip")
    with pytest.raises(CheckpointError, match="org/model@abc could not be loaded as a checkpoint of 'biomedclip'"):
        score("biomedclip", "org/model@abc")

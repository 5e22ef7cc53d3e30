"""RadCLIP: a checkpoint of CLIP's format under another name, with no default."""

from __future__ import annotations

import pytest
import torch

from baseline_fakes import score
from radz.errors import CheckpointError, ConfigError


def test_weights_of_clips_format_score_as_clip_does(checkpoint):
    given = checkpoint("clip")
    assert torch.equal(score("radclip", given), score("clip", given))
    plain = score("clip", given, prompts="There is {}.|There is no {}.")
    assert torch.equal(score("radclip", given, prompts="published"), plain), "its authors' prompts are not published"


def test_it_has_no_default_and_takes_no_other_format(checkpoint):
    with pytest.raises(ConfigError, match="'radclip' needs a checkpoint: write radclip:PATH"):
        score("radclip", None)
    with pytest.raises(CheckpointError, match="model of type 'siglip', but 'radclip' takes clip"):
        score("radclip", checkpoint("siglip"))

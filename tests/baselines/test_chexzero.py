"""CheXzero in parity with its published score; files that hold more than weights are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from baseline_fakes import Payload, rgb_images, score
from eval_fakes import FINDINGS
from radz.baselines.chexzero import fitted
from radz.errors import CheckpointError


def test_chexzero_is_the_softmax_of_raw_cosines_with_its_own_words(checkpoint):
    """Tiu et al.: exp(pos) / (exp(pos) + exp(neg)) of the cosines with "{}" and "no {}"."""
    open_clip = pytest.importorskip("open_clip")
    from torchvision.transforms import Compose, InterpolationMode, Normalize, Resize

    model = open_clip.load_openai_model(checkpoint("chexzero"), precision="fp32")
    squares = [p.convert("L").resize((320, 320), Image.Resampling.LANCZOS) for p in rgb_images()]
    transform = Compose([Normalize((101.48761,) * 3, (83.43944,) * 3),
                         Resize(32, InterpolationMode.BICUBIC, antialias=False)])  # fmt: skip
    images = torch.stack(
        [transform(torch.from_numpy(np.asarray(s, dtype=np.float32)).expand(3, -1, -1)) for s in squares]
    )
    tokenize = open_clip.SimpleTokenizer(context_length=24)
    sides = [model.encode_text(tokenize([t.format(f) for f in FINDINGS])) for t in ("{}", "no {}")]
    images = F.normalize(model.encode_image(images), dim=-1)
    positive, negative = (torch.exp(images @ F.normalize(side, dim=-1).T) for side in sides)
    ours = torch.sigmoid(score("chexzero", checkpoint("chexzero"), prompts="published"))
    torch.testing.assert_close(ours, positive / (positive + negative), atol=1e-5, rtol=0)


def test_a_directory_of_chexzero_checkpoints_is_their_mean(checkpoint, tmp_path):
    pytest.importorskip("open_clip")
    state = torch.load(checkpoint("chexzero"), weights_only=True)
    turned = state | {"visual.proj": -state["visual.proj"]}
    torch.save(state, tmp_path / "a.pt")
    torch.save({"state_dict": turned}, tmp_path / "b.pt")
    assert score("chexzero", str(tmp_path)).abs().max() < 1e-6, "cosines of opposite sign"


def test_a_file_that_contains_code_is_refused_and_not_run(tmp_path):
    pytest.importorskip("open_clip")
    torch.save({"visual.proj": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="could not be loaded as a checkpoint of 'chexzero'"):
        score("chexzero", str(tmp_path / "evil.pt"))
    assert not Payload.ran
    torch.jit.script(torch.nn.Linear(1, 1)).save(tmp_path / "script.pt")
    with pytest.raises(CheckpointError, match="TorchScript archive, which contains code and is never run"):
        score("chexzero", str(tmp_path / "script.pt"))


def test_other_weights_and_an_empty_directory_are_refused(tmp_path):
    pytest.importorskip("open_clip")
    with pytest.raises(CheckpointError, match=r"holds no \.pt file: give a checkpoint of CheXzero"):
        score("chexzero", str(tmp_path))
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="no weights of a CLIP in OpenAI's naming"):
        score("chexzero", str(tmp_path / "other.pt"))


def test_an_image_is_fitted_into_the_middle_of_a_black_square():
    values = fitted(Image.new("RGB", (100, 50), "white"))
    grey = values * 83.43944 + 101.48761
    assert values.shape == (3, 320, 320)
    torch.testing.assert_close(grey[:, 80:240], torch.full((3, 160, 320), 255.0))
    torch.testing.assert_close(grey[:, :80], torch.zeros(3, 80, 320), atol=1e-4, rtol=0)

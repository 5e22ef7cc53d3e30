"""CheXzero: CLIP's ViT-B/32 trained on the images and impressions of MIMIC-CXR (Tiu et al., "Expert-level detection of
pathologies from unannotated chest X-ray images via self-supervised learning", 2022).

Its checkpoints are weights in OpenAI's naming, read without unpickling anything but tensors. Its published score is
the softmax of the raw cosines with "{}" and "no {}", which orders images as the difference returned here does.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import resize

from radz.baselines._dual import DualEncoder
from radz.baselines._opening import unreadable
from radz.errors import CheckpointError, MissingExtraError

SIDE = 320
"""Images are first fitted into a black square of this many pixels."""
MEAN, DEVIATION = 101.48761, 83.43944
"""Of the training images, in grey values of 0 to 255."""


class CheXzero(DualEncoder):
    """One checkpoint, or a directory of several, whose cosines are averaged."""

    name = "chexzero"
    published = ("{}", "no {}")
    packages = ("open_clip",)
    models: Any
    tokenizer: Any

    def load(self, source: str) -> None:
        """Raises MissingExtraError without open_clip, CheckpointError for files that hold more than weights."""
        try:
            from open_clip import SimpleTokenizer
        except ImportError:
            raise MissingExtraError("The baseline 'chexzero'", "open_clip_torch", "baselines") from None
        files = sorted(Path(source).glob("*.pt")) if Path(source).is_dir() else [Path(source)]
        if not files:
            raise CheckpointError(f"{source} holds no .pt file: give a checkpoint of CheXzero or a directory of them.")
        self.models = nn.ModuleList([read_openai(file) for file in files]).to(self.device)
        self.tokenizer = SimpleTokenizer(context_length=self.models[0].context_length)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.models]

    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """B RGB images -> (B, E), the members' unit features side by side."""
        values = torch.stack([fitted(image) for image in images]).to(self.device)
        return self._joined([model.encode_image(self._sized(values, model)) for model in self.models])

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> (N, E), the members' unit features side by side."""
        tokens = self.tokenizer(list(texts)).to(self.device)
        return self._joined([model.encode_text(tokens) for model in self.models])

    def _sized(self, values: Tensor, model: Any) -> Tensor:
        """(B, 3, 320, 320) -> (B, 3, h, w) of the model's size."""
        side = model.visual.image_size[0]
        sized: Tensor  # without antialiasing, the default of torchvision when these were trained
        sized = resize(values, [side, side], InterpolationMode.BICUBIC, antialias=False)
        return sized

    def _joined(self, features: list[Tensor]) -> Tensor:
        """M members' (N, E) -> (N, M E). Inner products of such rows are M times the mean of the members' cosines."""
        return torch.cat([nn.functional.normalize(rows.float(), dim=-1) for rows in features], dim=-1)


def read_openai(path: Path) -> Any:
    """A CLIP of the weights in ``path``, float32, for inference. Raises CheckpointError."""
    from open_clip.model import build_model_from_openai_state_dict

    _refuse_torchscript(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise unreadable("chexzero", str(path), error) from error
    state = state.get("state_dict", state) if isinstance(state, dict) else {}
    if "visual.proj" not in state or "text_projection" not in state:
        raise CheckpointError(
            f"{path} holds no weights of a CLIP in OpenAI's naming (visual.proj, text_projection). "
            "Give the published file."
        )
    return build_model_from_openai_state_dict(dict(state), cast_dtype=torch.float32).float().requires_grad_(False)


def _refuse_torchscript(path: Path) -> None:
    """Loading a TorchScript archive would run the code that it holds."""
    if zipfile.is_zipfile(path) and any("/code/" in name for name in zipfile.ZipFile(path).namelist()):
        raise CheckpointError(
            f"{path} is a TorchScript archive, which contains code and is never run. Take the weights "
            "alone, as CheXzero's authors publish them."
        )


def fitted(image: Image.Image) -> Tensor:
    """The image in the middle of a black square, normalised: (3, 320, 320)."""
    scale = SIDE / max(image.size)
    width, height = (max(1, int(side * scale)) for side in image.size)
    square = Image.new("L", (SIDE, SIDE))
    square.paste(
        image.convert("L").resize((width, height), Image.Resampling.LANCZOS),
        ((SIDE - width) // 2, (SIDE - height) // 2),
    )
    grey = torch.from_numpy(np.asarray(square, dtype=np.float32))
    return ((grey - MEAN) / DEVIATION).expand(3, -1, -1)


plugin = CheXzero

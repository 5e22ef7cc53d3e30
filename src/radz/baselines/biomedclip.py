"""BiomedCLIP through open_clip (Zhang et al., 2023, arXiv 2303.00915; weights MIT): ViT-B/16 and PubMedBERT, trained
on 15 million figures and captions of PubMed Central.

A local directory holds ``open_clip_config.json``, the weights, the tokenizer's files and, so that no hub is asked,
``config.json`` of the text encoder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from radz.baselines._dual import DualEncoder
from radz.baselines._opening import unreadable
from radz.errors import MissingExtraError
from radz.model.pretrained import code_refused, split_revision
from radz.model.quiet import quietly

CONFIG = "open_clip_config.json"


class BiomedClip(DualEncoder):
    """Any model that open_clip loads from a directory or a hub id."""

    name = "biomedclip"
    checkpoint = "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"
    published = ("this is a photo of {}", "this is a photo of no {}")
    packages = ("open_clip",)
    model: Any
    preprocess: Any
    tokenizer: Any

    def load(self, source: str) -> None:
        """Raises MissingExtraError without open_clip, CheckpointError for what it cannot read."""
        try:
            import open_clip
        except ImportError:
            raise MissingExtraError("The baseline 'biomedclip'", "open_clip_torch", "baselines") from None
        source = _at_revision(source)
        local = Path(source).is_dir()
        place = f"local-dir:{source}" if local else f"hf-hub:{source}"
        options = {"text_cfg": _local_text_config(Path(source))} if local else {}
        try:
            with quietly(), code_refused():
                self.model, self.preprocess = open_clip.create_model_from_pretrained(place, **options)
                self.tokenizer = open_clip.get_tokenizer(place, trust_remote_code=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise unreadable(self.name, source, error) from error
        self.model.to(self.device).eval().requires_grad_(False)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.model]

    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """B RGB images -> (B, E)."""
        values = torch.stack([self.preprocess(image) for image in images])
        features: Tensor = self.model.encode_image(values.to(self.device))
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> (N, E)."""
        features: Tensor = self.model.encode_text(self.tokenizer(list(texts)).to(self.device))
        return features


def _at_revision(source: str) -> str:
    """``source``, or where it pins a revision the directory of its download, since open_clip takes none."""
    name, revision = split_revision(source)
    if revision is None:
        return source
    from huggingface_hub import snapshot_download

    try:
        return str(snapshot_download(name, revision=revision))
    except (OSError, ValueError) as error:
        raise unreadable("biomedclip", source, error) from error


def _local_text_config(directory: Path) -> dict[str, Any]:
    """The text side of the configuration, its architecture read from the directory where it lies there."""
    try:
        text: dict[str, Any] = json.loads((directory / CONFIG).read_text(encoding="utf-8"))["model_cfg"]["text_cfg"]
    except (OSError, ValueError, KeyError) as error:
        raise unreadable("biomedclip", str(directory), error) from error
    if "hf_model_name" in text and (directory / "config.json").is_file():
        text |= {"hf_model_name": str(directory)}
    return text | {"hf_model_pretrained": False}


plugin = BiomedClip

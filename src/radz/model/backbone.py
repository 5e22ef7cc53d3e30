"""What every backbone provides, whatever its family."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import torch

from radz.errors import ConfigError

SEQUENCES = b"2"
"""Changed whenever image or report sequences are built differently, so that no checkpoint reads sequences that it was
not trained on."""
SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class Backbone:
    """A LLaVA-class model and its processor.

    llava: transformers' LlavaModel (vision_tower, multi_modal_projector, language_model).
    fingerprint: identifies the decoder's weights; a checkpoint trained on others is refused.
    head: states of the last layer -> logits over the vocabulary, which captioning needs; ``None`` if there is none.
    """

    name: str
    llava: Any
    processor: Any
    fingerprint: str
    head: Any = None

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self.llava.language_model

    @property
    def hidden_size(self) -> int:
        """H, decoder width."""
        size: int = self.decoder.config.hidden_size
        return size

    @property
    def num_layers(self) -> int:
        """Decoder layers that were loaded."""
        count: int = self.decoder.config.num_hidden_layers
        return count


def resized(backbone: Backbone, side: int) -> Backbone:
    """The backbone with images of ``side`` x ``side`` pixels, hence with another number of patches.

    Raises ConfigError if the tower reads one size only, or ``side`` is no multiple of its patches.
    """
    vision, images = backbone.llava.config.vision_config, backbone.processor.image_processor
    if not getattr(backbone.llava.vision_tower, "any_size", False):
        raise ConfigError(
            f"model.image_size is {side}, but the tower of '{backbone.name}' reads images of {vision.image_size} "
            "pixels only: leave model.image_size unset."
        )
    if side % vision.patch_size:
        raise ConfigError(
            f"model.image_size is {side}, but the patches are {vision.patch_size} pixels wide: choose a multiple of "
            f"{vision.patch_size}."
        )
    square = {"height": side, "width": side}
    backbone.processor.image_processor = type(images).from_dict(images.to_dict(), size=square, crop_size=square)
    vision.image_size, backbone.llava.config.image_seq_length = side, (side // vision.patch_size) ** 2
    return backbone


def fingerprint(decoder: Any) -> str:
    """Hash of the decoder's tensors as loaded: names, shapes and evenly spaced values of each."""
    digest = hashlib.sha256(SEQUENCES)
    for name, tensor in sorted(decoder.state_dict().items()):
        flat = tensor.detach().reshape(-1)
        step = max(1, flat.numel() // SAMPLES)
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(flat[::step].to(torch.float32).cpu().numpy().tobytes())
    return digest.hexdigest()[:16]

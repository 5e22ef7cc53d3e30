"""What every backbone provides, whatever its family."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import torch

SEQUENCES = b"2"
"""Changed whenever image or report sequences are built differently, so that no checkpoint reads sequences that it was
not trained on."""
SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class Backbone:
    """A LLaVA-class model and its processor.

    llava: transformers' LlavaModel (vision_tower, multi_modal_projector, language_model).
    fingerprint: identifies the decoder's weights; a checkpoint trained on others is refused.
    head: states of the last layer -> logits over the vocabulary, which captioning needs; ``None`` where there is none.
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


def fingerprint(decoder: Any) -> str:
    """Hash of the decoder's tensors as loaded: names, shapes and evenly spaced values of each."""
    digest = hashlib.sha256(SEQUENCES)
    for name, tensor in sorted(decoder.state_dict().items()):
        flat = tensor.detach().reshape(-1)
        step = max(1, flat.numel() // SAMPLES)
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(flat[::step].to(torch.float32).cpu().numpy().tobytes())
    return digest.hexdigest()[:16]

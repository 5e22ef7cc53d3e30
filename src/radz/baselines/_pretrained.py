"""Dual encoders that transformers knows: a directory or a hub id in its own format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from PIL import Image
from torch import Tensor, nn

from radz.baselines._dual import DualEncoder
from radz.baselines._opening import unreadable
from radz.errors import CheckpointError
from radz.model.pretrained import from_pretrained, load_whole
from radz.model.quiet import quietly


class PretrainedDualEncoder(DualEncoder):
    """Model and processor through transformers' auto classes; a checkpoint's own code is never run.

    model_types: what the checkpoint's configuration may call itself. padding: how its texts were padded in training.
    """

    model_types: ClassVar[tuple[str, ...]]
    padding: ClassVar[str] = "longest"
    model: Any
    processor: Any

    def load(self, source: str) -> None:
        """Raises CheckpointError for what transformers cannot read, or is another kind of model."""
        self.model, self.processor = load_pretrained(self.name, source, self.model_types)
        self.model.to(self.device)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.model]

    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """B RGB images -> (B, E)."""
        values = self.processor.image_processor(images=list(images), return_tensors="pt")["pixel_values"]
        return pooled(self.model.get_image_features(pixel_values=values.to(self.device)))

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> (N, E); sentences longer than the model's context are cut."""
        length = self.model.config.text_config.max_position_embeddings
        tokens = self.processor.tokenizer(
            list(texts), padding=self.padding, truncation=True, max_length=length, return_tensors="pt"
        )
        return pooled(self.model.get_text_features(**tokens.to(self.device)))


def load_pretrained(name: str, source: str, model_types: Sequence[str]) -> tuple[Any, Any]:
    """Model in float32, for inference, and processor of ``source``."""
    from transformers import AutoConfig, AutoModel, AutoProcessor

    try:
        with quietly():
            config = from_pretrained(AutoConfig, source)
            if config.model_type not in model_types:
                raise CheckpointError(
                    f"{source} is a model of type '{config.model_type}', but '{name}' takes {', '.join(model_types)}."
                )
            model = load_whole(AutoModel, source, config=config, dtype=torch.float32)
            return model.eval().requires_grad_(False), from_pretrained(AutoProcessor, source)
    except (OSError, ValueError, RuntimeError) as error:
        raise unreadable(name, source, error) from error


def pooled(output: Any) -> Tensor:
    """Features (N, E), which transformers returns bare or, from 5.0 on, within an output."""
    features: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return features

"""Loading a LLaVA-class checkpoint with transformers, in the genuine format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from radz.errors import CheckpointError, ConfigError
from radz.model.backbone import Backbone, fingerprint
from radz.model.quiet import quietly

PARTS = ("vision_tower", "multi_modal_projector", "language_model")


def load_llava(name: str, source: str | Path, num_layers: int | None = None) -> Backbone:
    """Model and processor of a directory or hub id; only the first ``num_layers`` of its decoder where given.

    Tower and projector are float32, since they may train; the decoder keeps the format it is stored in.
    Raises CheckpointError where it cannot be read, ConfigError where it is another kind of model.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    try:
        with quietly():
            config = _config(source, num_layers)
            model = AutoModelForImageTextToText.from_pretrained(source, config=config, dtype="auto")
            processor = AutoProcessor.from_pretrained(source)
    except (OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{source} could not be loaded as a LLaVA-class checkpoint: {_first_line(error)} "
            "Give a directory that transformers can read, or a hub id that this machine can reach."
        ) from error
    llava = getattr(model, "model", None)
    missing = [part for part in PARTS if not hasattr(llava, part)]
    if llava is None or missing:
        raise ConfigError(f"{source} is a {type(model).__name__}, which has no {', '.join(missing)}: not a LLaVA.")
    llava.vision_tower.float().to(memory_format=torch.channels_last)  # halves a convolutional tower's time
    llava.multi_modal_projector.float()
    return Backbone(name, llava, processor, fingerprint(llava.language_model), model.get_output_embeddings())


def _config(source: str | Path, num_layers: int | None) -> Any:
    from transformers import AutoConfig

    import radz.model.efficientnet  # noqa: F401  registers the default tower

    config = AutoConfig.from_pretrained(source)
    text = getattr(config, "text_config", None)
    if num_layers is not None and text is not None:
        text.num_hidden_layers = min(num_layers, text.num_hidden_layers)
    return config


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

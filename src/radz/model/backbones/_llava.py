"""Loading a LLaVA-class checkpoint with transformers, in the genuine format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from radz.errors import CheckpointError, ConfigError
from radz.model.backbone import Backbone, fingerprint
from radz.model.pretrained import from_pretrained, load_whole, reason
from radz.model.quiet import quietly

PARTS = ("vision_tower", "multi_modal_projector", "language_model")


def load_llava(name: str, source: str | Path, num_layers: int | None = None) -> Backbone:
    """Model and processor of a directory or hub id; only the first ``num_layers`` of its decoder where given.

    Tower and projector are float32, since they may train; the decoder keeps the format it is stored in.
    Raises CheckpointError if it cannot be read or lacks weights, ConfigError if it is another kind of model.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    try:
        with quietly():
            config = _config(source, num_layers)
            model = load_whole(AutoModelForImageTextToText, source, config=config, dtype="auto")
            processor = from_pretrained(AutoProcessor, source)
    except (OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{source} could not be loaded as a LLaVA-class checkpoint: {reason(error)} "
            "Give a directory that transformers can read, or a hub id that this machine can reach."
        ) from error
    llava = getattr(model, "model", None)
    missing = [part for part in PARTS if not hasattr(llava, part)]
    if llava is None or missing:
        raise ConfigError(
            f"{source} is a {type(model).__name__}, which has no {', '.join(missing)}: not a LLaVA. "
            "Give the directory of one."
        )
    llava.vision_tower.float().to(memory_format=torch.channels_last)  # halves a convolutional tower's time
    llava.multi_modal_projector.float()
    complete_processor(processor, llava, source)
    return Backbone(name, llava, processor, fingerprint(llava.language_model), model.get_output_embeddings())


@torch.inference_mode()
def complete_processor(processor: Any, llava: Any, source: str | Path) -> None:
    """Give a processor without ``patch_size`` what it needs to expand ``<image>``, from the model.

    Raises CheckpointError if the model's configuration has no sizes either.
    """
    if getattr(processor, "patch_size", 0) is not None:
        return
    vision = llava.config.vision_config
    patch, side = getattr(vision, "patch_size", None), getattr(vision, "image_size", None)
    if not isinstance(patch, int) or not isinstance(side, int):
        raise CheckpointError(
            f"The processor of {source} has no patch_size, and its config.json no vision_config.patch_size and "
            "image_size. Add patch_size to processor_config.json."
        )
    positions = llava.vision_tower(torch.zeros(1, 3, side, side)).last_hidden_state.shape[1]
    processor.patch_size = patch
    processor.num_additional_image_tokens = positions - (side // patch) ** 2  # 1 where there is a class token
    processor.vision_feature_select_strategy = llava.config.vision_feature_select_strategy


def _config(source: str | Path, num_layers: int | None) -> Any:
    from transformers import AutoConfig

    import radz.model.efficientnet  # noqa: F401  registers the default tower

    config = from_pretrained(AutoConfig, source)
    text = getattr(config, "text_config", None)
    if num_layers is not None and text is not None:
        text.num_hidden_layers = min(num_layers, text.num_hidden_layers)
    return config

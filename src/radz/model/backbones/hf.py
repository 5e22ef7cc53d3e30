"""``hf``: any LLaVA-class checkpoint, a directory or a hub id (LLaVA-1.5, LLaVA-Med as converted for transformers).

Loaded through transformers' ``AutoModelForImageTextToText`` and ``AutoProcessor``; code in a checkpoint is never run.
"""

from __future__ import annotations

from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.model.backbones._llava import load_llava


def hf(source: str | None = None, num_layers: int | None = None) -> Backbone:
    """The checkpoint at ``source``. ``num_layers`` loads only the first layers of the decoder."""
    if source is None:
        raise ConfigError("The backbone 'hf' needs model.source: a checkpoint directory or a hub id.")
    return load_llava("hf", source, num_layers)


plugin = hf

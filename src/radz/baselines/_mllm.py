"""A multimodal language model as a baseline: the untrained backbone, or one after the training stage ``general``."""

from __future__ import annotations

from pathlib import Path

from radz import registry
from radz.config import ModelConfig, ReadoutConfig
from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.model.build import build_model
from radz.model.checkpoint import load_checkpoint, read_description
from radz.model.checkpoint_files import CONFIG, PROVENANCE
from radz.model.precision import choose_dtype
from radz.model.radz import RadZ

GENERAL = "general"


def is_run(checkpoint: str | None) -> bool:
    """Whether it is a checkpoint of `radz train`."""
    return checkpoint is not None and all((Path(checkpoint) / name).is_file() for name in (CONFIG, PROVENANCE))


def open_backbone(checkpoint: str | None, backbone: str | None = None, dtype: str = "auto") -> Backbone:
    """All layers with the head that predicts words: ``backbone``, by default the shipped one, or ``hf`` over a source.

    A checkpoint of stage ``general`` lends its tower and projector to the backbone that it was trained on.
    dtype: of the decoder. Raises ConfigError for a checkpoint of another stage.
    """
    if is_run(checkpoint):
        model = general_model(Path(str(checkpoint)))
        whole = _whole(model.config.backbone, model.config.source)
        whole.llava.vision_tower, whole.llava.multi_modal_projector = model.tower, model.projector
    else:
        whole = _whole(backbone or ("smollm2" if checkpoint is None else "hf"), checkpoint)
    number_format = choose_dtype(dtype)
    whole.llava.language_model.to(number_format)
    whole.head.to(number_format)
    whole.llava.eval().requires_grad_(False)
    return whole


def open_reader(checkpoint: str | None, backbone: str | None = None, layer: int | None = None) -> RadZ:
    """The same model with states that can be read at ``layer``; untrained adapters change nothing.

    layer: by default that of the checkpoint, or the penultimate one.
    """
    if is_run(checkpoint):
        if layer is not None:
            raise ConfigError("A checkpoint is read at its own layer: leave 'layer' out.")
        return general_model(Path(str(checkpoint)))
    chosen = backbone or ("smollm2" if checkpoint is None else "hf")
    readout = ReadoutConfig() if layer is None else ReadoutConfig(layer=layer)
    return build_model(ModelConfig(backbone=chosen, source=checkpoint, readout=readout)).eval()


def general_model(directory: Path) -> RadZ:
    """The model of a checkpoint that captioning alone has trained."""
    stage = read_description(directory)[1].stage
    if stage != GENERAL:
        raise ConfigError(
            f"{directory} is a checkpoint of {f'stage {stage!r}' if stage else 'a run without stages'}, but the base "
            f"model is the one after stage '{GENERAL}': radz train configs/stages.yaml makes one."
        )
    return load_checkpoint(directory)[0]


def _whole(name: str, source: str | None) -> Backbone:
    backbone: Backbone = registry.load("backbones", name)(source, num_layers=None)
    if backbone.head is None:
        raise ConfigError(f"The backbone '{name}' has no head that predicts words, so it cannot answer.")
    return backbone

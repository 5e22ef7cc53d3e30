"""Assembling a RadZ model: backbone, modality tokens, early stop, LoRA."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from radz import registry
from radz.config import LoraConfig, ModelConfig, TrainedAnchorsConfig
from radz.errors import ConfigError
from radz.model.backbone import Backbone, resized
from radz.model.pretrained import pinned
from radz.model.processor import RadzProcessor
from radz.model.quiet import quietly
from radz.model.radz import RadZ
from radz.model.token_design import TokenDesign
from radz.types import ALIGNED_PAIRS


def build_model(config: ModelConfig, seed: int = 0) -> RadZ:
    """A model ready to train: new token rows, LoRA and heads freshly started from ``seed``."""
    backbone = load_backbone(config)
    if config.source is not None:
        config = config.model_copy(update={"source": pinned(config.source)})
    design: TokenDesign = registry.load("tokens", config.tokens.design)(config.tokens.count)
    generator = torch.Generator().manual_seed(seed)
    processor = RadzProcessor(backbone.processor, design, config)
    decoder = stop_at(
        backbone.decoder, read_layer(config.readout.layer, backbone.num_layers), config.readout.final_norm
    )
    if processor.special_ids:
        add_token_rows(decoder, processor, generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RadZ(config, backbone, design, processor, adapt(decoder, config.lora, processor.special_ids))
    if config.anchors is not None:
        add_anchors(model, config.anchors, seed)
    freeze(model)
    return model


def add_anchors(model: RadZ, config: TrainedAnchorsConfig, seed: int = 0) -> None:
    """Give ``model`` trainable anchors, freshly started from ``seed``; it keeps those it has if they are the same."""
    if model.anchors is not None and model.config.anchors == config:
        return
    readout, device = model.config.readout, next(model.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        width = model.readout.dim * len(ALIGNED_PAIRS[readout.granularity])
        model.anchors = registry.load("anchors", config.strategy)(config.concepts, width).to(device)
    model.config = model.config.model_copy(update={"anchors": config})


def load_backbone(config: ModelConfig) -> Backbone:
    """The configured backbone; with a positive read layer, the layers above it are not loaded."""
    layers = config.readout.layer if config.readout.layer > 0 else None
    backbone: Backbone = registry.load("backbones", config.backbone)(config.source, num_layers=layers)
    return backbone if config.image_size is None else resized(backbone, config.image_size)


def read_layer(layer: int, num_layers: int) -> int:
    """Index of a hidden state -> number of decoder layers that run. Raises ConfigError for an index out of range."""
    resolved = layer if layer > 0 else num_layers + 1 + layer
    if not 1 <= resolved <= num_layers:
        raise ConfigError(
            f"model.readout.layer is {layer}, but the decoder has {num_layers} layers: "
            f"choose 1 to {num_layers}, or -1 to {-num_layers}."
        )
    return resolved


def stop_at(decoder: Any, layer: int, final_norm: bool) -> Any:
    """Drop the layers above ``layer`` and, unless wanted, the final norm: the output is the raw state read."""
    decoder.layers = decoder.layers[:layer]
    decoder.config.num_hidden_layers = layer
    if not final_norm:
        decoder.norm = nn.Identity()
    return decoder


def add_token_rows(decoder: Any, processor: RadzProcessor, generator: torch.Generator) -> None:
    """Give each modality token a row, growing the embedding matrix only where it has none to spare."""
    known = decoder.get_input_embeddings().weight.detach()[: min(processor.special_ids)]
    if len(processor.tokenizer) > decoder.get_input_embeddings().num_embeddings:
        decoder.resize_token_embeddings(len(processor.tokenizer), mean_resizing=False)
    weight = decoder.get_input_embeddings().weight

    def embed_words(words: str) -> torch.Tensor:
        """Words -> the embeddings of their tokens, (N, H)."""
        ids = processor.tokenizer(" " + words, add_special_tokens=False)["input_ids"]
        rows: torch.Tensor = known[torch.tensor(ids)]
        return rows

    rows = processor.design.starting_rows(embed_words, known, generator)
    with torch.no_grad():
        weight[torch.tensor(processor.special_ids)] = rows.to(weight.dtype)


def adapt(decoder: Any, lora: LoraConfig, token_ids: list[int]) -> Any:
    """LoRA on the layers that run; of the embedding matrix only the modality tokens' rows train."""
    from peft import LoraConfig as PeftLoraConfig
    from peft import TaskType, get_peft_model

    names = [n for n, m in decoder.named_modules() if m is decoder.get_input_embeddings()]
    peft_config = PeftLoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets),
        trainable_token_indices={names[0]: token_ids} if token_ids else None,
        task_type=TaskType.FEATURE_EXTRACTION,
    )
    try:
        with quietly():
            return get_peft_model(decoder, peft_config)
    except ValueError as error:
        raise ConfigError(
            f"model.lora.targets {list(lora.targets)} do not fit this decoder: {error}. Name linear layers of it."
        ) from None


PARTS = {
    "tower": ("tower.",),
    "projector": ("projector.",),
    "lora": (".lora_A.", ".lora_B."),
    "tokens": (".trainable_tokens_delta.", "conditioner."),
    "heads": ("readout.",),
    "anchors": ("anchors.",),
}


def part_of(parameter: str) -> str | None:
    """The trainable part a parameter belongs to; ``None`` for the frozen base."""
    for part, marks in PARTS.items():
        if any(parameter.startswith(m) or m in parameter for m in marks):
            return part
    return None


def freeze(model: RadZ, train_parts: tuple[str, ...] = ()) -> None:
    """Let exactly the parameters of ``train_parts`` require gradients."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(part_of(name) in train_parts)

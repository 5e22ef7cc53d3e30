"""A real, tiny, random LLaVA with a CLIP tower, saved in the genuine format, and configurations over it."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from radz.config import ModelConfig, build_config
from radz.model.build import build_model
from radz.model.efficientnet import EfficientNetTowerConfig
from radz.model.radz import RadZ

SENTENCES = [
    "Describe the findings of this radiograph. There is no pleural effusion, mass or nodule.",
    "Report: normal chest; clear lungs, heart of normal size. The film shows atelectasis and pneumonia.",
]
LAYERS, WIDTH = 4, 32


def save_tiny_llava(directory: Path, strategy: str = "default", seed: int = 0) -> Path:
    """LLaVA-1.5 in miniature: CLIP tower with a class token, 2 × 2 patches, a Llama of four layers."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2, image_size=28, patch_size=14
    )
    text = LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=256,
        initializer_range=0.2,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
        vision_feature_select_strategy=strategy,
    )
    LlavaForConditionalGeneration(config).save_pretrained(directory)
    square = {"height": 28, "width": 28}
    images = CLIPImageProcessor(size=square, crop_size=square)
    LlavaProcessor(
        images, tokenizer, patch_size=14, vision_feature_select_strategy=strategy, num_additional_image_tokens=1
    ).save_pretrained(directory)
    return directory


def save_tiny_efficientnet(directory: Path, seed: int = 0) -> Path:
    """The tiny Llama under the default tower, an EfficientNet-Lite0 with random weights that reads 224 pixels."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text = LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaConfig(
        vision_config=EfficientNetTowerConfig(),
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=49,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    LlavaForConditionalGeneration(config).save_pretrained(directory)
    square, half = {"height": 224, "width": 224}, [0.5, 0.5, 0.5]
    images = CLIPImageProcessor(size=square, crop_size=square, do_center_crop=False, image_mean=half, image_std=half)
    LlavaProcessor(images, tokenizer, patch_size=32, vision_feature_select_strategy="full").save_pretrained(directory)
    return directory


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with LLaVA's special tokens, a start token first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<image>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens=["<image>"],
    )


def tiny_config(directory: Path | None, **changes) -> ModelConfig:
    """A ModelConfig over the tiny LLaVA; ``changes`` are its fields."""
    tree = {
        "backbone": "hf",
        "source": directory and str(directory),
        "readout": {"dim": 8},
        "lora": {"r": 2, "dropout": 0.0},
    }
    for key, value in changes.items():
        tree[key] = {**tree[key], **value} if isinstance(value, dict) and key in tree else value
    return build_config(ModelConfig, tree)


def tiny_model(directory: Path, **changes) -> RadZ:
    """A fresh RadZ over the tiny LLaVA, in evaluation mode."""
    return build_model(tiny_config(directory, **changes)).eval()

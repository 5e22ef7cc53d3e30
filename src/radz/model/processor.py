"""Studies to batches: pixels to the tower's input, words and modality tokens to sequences.

Positions are found by token id, never by counting, so padding side and batch composition cannot move them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPImageProcessor

from radz.config import ModelConfig
from radz.imaging.resize import resize
from radz.model.token_design import TokenDesign
from radz.types import Pixels, Prompt

_BICUBIC = 3  # of Pillow's and transformers' ``Resampling``


class RadzProcessor:
    """The backbone's own processor plus modality tokens.

    processor: a transformers multimodal processor (image_processor, tokenizer, image_token).
    """

    def __init__(self, processor: Any, design: TokenDesign, config: ModelConfig) -> None:
        self.image_processor, self.tokenizer = processor.image_processor, processor.tokenizer
        self.design, self.max_report_tokens = design, config.max_report_tokens
        self.padding_side: Literal["left", "right"] = "right"
        self.image_token_id: int = self.tokenizer.convert_tokens_to_ids(processor.image_token)
        self.tokenizer.add_tokens([*design.special_tokens], special_tokens=True)
        self.image_ids = self._ids(design.image_tokens)
        self.text_ids = self._ids(design.text_tokens)
        self._whole_size = whole_size(self.image_processor)
        self._image_sequence = self._make_image_sequence(processor, config.image_instruction)
        self._text_start = self._begun(self.tokenizer(config.text_instruction)["input_ids"])

    @property
    def special_ids(self) -> list[int]:
        """Ids of the new tokens, each once, in the order of ``design.special_tokens``."""
        return self._ids(self.design.special_tokens)

    @property
    def patch_count(self) -> int:
        """P, the positions of an image sequence that take patches."""
        return self._image_sequence.count(self.image_token_id)

    def pixel_values(self, pixels: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w) in [0, 1], any size -> (B, 3, h', w'), resized and normalised as the tower expects.

        The single channel is resized once, with the values that three would have. Where the tower normalises all
        channels equally, the three share one channel's memory.
        """
        normalise = bool(getattr(self.image_processor, "do_normalize", True))
        values = self._resized(pixels)  # stacked anew, so that it may be changed in place
        if not normalise:
            return values.expand(-1, 3, -1, -1)
        mean, std = (torch.tensor(self._channels(name)).view(-1, 1, 1) for name in ("image_mean", "image_std"))
        if len(mean) == len(std) == 1:
            return values.sub_(mean).div_(std).expand(-1, 3, -1, -1)
        return ((values - mean) / std).expand(-1, 3, -1, -1)

    def _resized(self, pixels: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w), any size -> (B, 1, h', w'), or three channels where the padding has a colour."""
        images = [torch.from_numpy(np.ascontiguousarray(image)) for image in pixels]
        if self._whole_size is not None:
            return _resized_whole(images, *self._whole_size)
        if getattr(self.image_processor, "do_pad", False):
            images = [image.expand(3, -1, -1) for image in images]
        values: Tensor = self.image_processor(
            images=images,
            do_rescale=False,
            do_normalize=False,
            return_tensors="pt",
            input_data_format="channels_first",
        )["pixel_values"]
        return values

    def _channels(self, name: str) -> list[float]:
        """The image processor's mean or deviation of each channel, or a single one where all are equal."""
        three: list[float] = list(getattr(self.image_processor, name))
        return three if len(set(three)) > 1 else three[:1]

    def image_prompt(self, count: int) -> Prompt:
        """``<begin> <image> instruction <ImgCls_1> … <ImgCls_K>`` for ``count`` images: ids (B, T)."""
        one = self._prompt([self._image_sequence], self.image_ids, [self._is_patch(self._image_sequence)])
        return Prompt(*(getattr(one, field.name).repeat(count, 1) for field in fields(one)))

    def text_prompt(self, texts: Sequence[str]) -> Prompt:
        """``<begin> instruction report <TxtCls_1> … <TxtCls_K>``: ids (U, T); a long report loses its last words.

        Special tokens in a report are read as plain words.
        """
        sequences, words = [], []
        reports = self.tokenizer([*texts], add_special_tokens=False, split_special_tokens=True)["input_ids"]
        for report in (tokens[: self.max_report_tokens] for tokens in reports):
            sequences.append([*self._text_start, *report, *self.text_ids])
            words.append([False] * len(self._text_start) + [True] * len(report) + [False] * len(self.text_ids))
        return self._prompt(sequences, self.text_ids, words)

    def _ids(self, tokens: Sequence[str]) -> list[int]:
        ids: list[int] = self.tokenizer.convert_tokens_to_ids(list(tokens))
        return ids

    def _make_image_sequence(self, processor: Any, instruction: str) -> list[int]:
        """``<image>`` as the backbone's processor expands it, the instruction, then the modality tokens."""
        template = instruction if processor.image_token in instruction else f"{processor.image_token}\n{instruction}"
        blank = np.zeros((64, 64, 3), dtype=np.uint8)
        text = self.design.place(template, self.design.image_tokens)
        return self._begun(processor(images=[blank], text=[text])["input_ids"][0])

    def _begun(self, ids: list[int]) -> list[int]:
        """``ids`` with the tokenizer's start token in front, where it has one and has not added it.

        The first position attends only to itself. A black patch there, which is almost zero, would stay almost zero
        through all layers, and its gradient would explode.
        """
        begin = self.tokenizer.bos_token_id
        return ids if begin is None or ids[:1] == [begin] else [begin, *ids]

    def _is_patch(self, sequence: list[int]) -> list[bool]:
        return [i == self.image_token_id for i in sequence]

    def _prompt(self, sequences: list[list[int]], token_ids: list[int], local: list[list[bool]]) -> Prompt:
        pad = self.tokenizer.pad_token_id
        pad = self.tokenizer.eos_token_id if pad is None else pad
        input_ids = self._padded(sequences, pad)
        attention = self._padded([[1] * len(s) for s in sequences], 0)
        return Prompt(input_ids, attention, find_tokens(input_ids, token_ids), self._padded(local, False))

    def _padded(self, rows: Sequence[Sequence[int]], fill: int) -> Tensor:
        """B rows of any length -> (B, T), padded on ``padding_side``."""
        width, left = max(map(len, rows)), self.padding_side == "left"
        pads = [[fill] * (width - len(row)) for row in rows]
        return torch.tensor([[*pad, *row] if left else [*row, *pad] for row, pad in zip(rows, pads, strict=True)])


def whole_size(image_processor: Any) -> tuple[int, int] | None:
    """(height, width), where CLIP's image processor resizes to this size, uncropped and bicubic; else ``None``."""
    clip = image_processor
    if type(clip) is not CLIPImageProcessor or not clip.do_resize or clip.do_pad or clip.resample != _BICUBIC:
        return None
    size = (clip.size.height, clip.size.width)
    cropped = clip.do_center_crop and size != (clip.crop_size.height, clip.crop_size.width)
    return size if all(size) and not cropped else None


def _resized_whole(images: Sequence[Tensor], height: int, width: int) -> Tensor:
    """Images (1, h, w) -> (B, 1, height, width)."""
    values = torch.empty(len(images), 1, height, width)
    for value, image in zip(values, images, strict=True):
        value[0] = resize(image[0], height, width)
    return values


def find_tokens(input_ids: Tensor, token_ids: Sequence[int]) -> Tensor:
    """Position of each modality token in each row: (B, T), K ids -> (B, K). Each must occur exactly once."""
    hits = input_ids.unsqueeze(1) == torch.tensor(token_ids, dtype=input_ids.dtype)[None, :, None]  # (B, K, T)
    if not (hits.sum(-1) == 1).all():
        raise ValueError("each modality token must occur exactly once in each sequence")
    return hits.int().argmax(-1)

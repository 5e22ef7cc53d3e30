"""A LLaVA-class model asked in words, one question per finding: the usual way to use one.

``answer: probability`` scores the first word of the answer, yes against no. ``answer: free`` generates an answer and
reads its words: 1 for yes, 0 for no, 0.5 for anything else. The prefix that all questions about an image share, the
image above all, is computed once (``reuse_prefix``); without that option each question is a separate sequence.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from radz.baselines._images import as_rgb_image, best_device, score_in_batches
from radz.baselines._mllm import open_backbone
from radz.baselines._opening import BaselineContext, one_of
from radz.baselines._prompts import finding_names
from radz.errors import ConfigError
from radz.model.backbone import Backbone
from radz.types import Anchors, Pixels, Scores, Study

QUESTION = "Is there {} in this radiograph? Answer yes or no."
ANSWERS = ("probability", "free")
YES, NO = ("Yes", "yes", "YES"), ("No", "no", "NO")
ANSWER_SCORES = {"yes": 1.0, "no": 0.0}
UNDECIDED = 0.5
ANSWER_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Questions:
    """Token ids of C questions: their common prefix, (S,), and the rest of each, (C, T), padded on the left."""

    shared: Tensor
    rest: Tensor
    mask: Tensor


class Llava:
    """Log-odds of yes against no, or the parsed answer; images in batches, questions in groups of at most ``rows``."""

    name = "llava"
    of_run = "start"

    def __init__(
        self,
        backbone: Backbone,
        *,
        question: str = QUESTION,
        answer: str = "probability",
        reuse_prefix: bool = True,
        batch_size: int = 4,
        rows: int = 64,
    ) -> None:
        """question: with ``{}`` for the finding. rows: about how many sequences go through the decoder at once."""
        if "{}" not in question:
            raise ConfigError(f"question is '{question}', but it needs {{}} where the finding's name goes.")
        self.backbone, self.question, self.answer = backbone, question, one_of("answer", answer, ANSWERS)
        self.reuse_prefix, self.batch_size, self.rows = reuse_prefix, batch_size, rows
        self.device = best_device()
        backbone.llava.to(self.device)
        backbone.head.to(self.device)
        self.tokenizer, self.cache = backbone.processor.tokenizer, cache_argument(backbone.llava)
        self.yes, self.no = first_tokens(self.tokenizer, YES), first_tokens(self.tokenizer, NO)

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        context: BaselineContext,
        *,
        backbone: str | None = None,
        question: str = QUESTION,
        answer: str = "probability",
        reuse_prefix: bool = True,
        batch_size: int = 4,
        rows: int = 64,
        dtype: str = "auto",
    ) -> Llava:
        """The default backbone, the LLaVA at a directory or hub id, or a checkpoint of stage ``general``."""
        model = open_backbone(checkpoint, backbone, dtype)
        return cls(model, question=question, answer=answer, reuse_prefix=reuse_prefix, batch_size=batch_size, rows=rows)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.backbone.llava, self.backbone.head]

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Values (B, C): log-odds, or 1, 0 and 0.5 where the answer is free."""
        questions = self._questions(finding_names(anchors))
        read = self._log_odds if self.answer == "probability" else self._parsed

        def ask(images: list[Pixels]) -> NDArray[np.float32]:
            parts = [read(states, cache, mask) for states, cache, mask in self._answers(images, questions)]
            return torch.cat(parts, dim=1).cpu().numpy()

        return score_in_batches(studies, anchors, self.batch_size, ask)

    def prompt(self, name: str) -> str:
        """The whole prompt of one question, in the conversation format that the model was trained in."""
        processor, question = self.backbone.processor, self.question.replace("{}", name)
        user_text, template = f"{processor.image_token}\n{question}", processor.chat_template or ""
        content: Any = user_text
        if "image" in template:  # the template places the image itself
            content = [{"type": "image"}, {"type": "text", "text": question}]
        if not template:
            return f"USER: {user_text} ASSISTANT:"
        turn = [{"role": "user", "content": content}]
        text: str = self.tokenizer.apply_chat_template(
            turn, chat_template=template, tokenize=False, add_generation_prompt=True
        )
        return text

    def _questions(self, names: Sequence[str]) -> Questions:
        """Token ids of C questions with expanded image tokens; the prefix is empty if prefixes are not reused."""
        processor = self.backbone.processor
        blank = np.zeros((64, 64, 3), dtype=np.uint8)
        texts = [self.prompt(name) for name in names]
        ids: list[list[int]] = processor(images=[blank] * len(texts), text=texts)["input_ids"]
        shared = _common_prefix(ids) if self.reuse_prefix else 0
        rests = [sequence[shared:] for sequence in ids]
        width = max(map(len, rests))
        padding = [[0] * (width - len(sequence)) for sequence in rests]
        rest = torch.tensor([pad + sequence for pad, sequence in zip(padding, rests, strict=True)], device=self.device)
        mask = torch.tensor([pad + [1] * (width - len(pad)) for pad in padding], device=self.device)
        return Questions(torch.tensor(ids[0][:shared], device=self.device), rest, mask)

    def _answers(self, images: list[Pixels], questions: Questions) -> Iterator[tuple[Tensor, Any, Tensor]]:
        """B images: for each group of Q questions the last state, (B, Q, H), the decoder's cache and its mask."""
        values = self._pixel_values(images)
        shared, count = len(questions.shared), len(images)
        start = self._read_shared(questions.shared.expand(count, -1), values) if shared else None
        group = max(1, self.rows // count)
        for first in range(0, len(questions.rest), group):
            rest, mask = (part[first : first + group].repeat(count, 1) for part in (questions.rest, questions.mask))
            each = len(rest) // count
            cache, pixels = copy.deepcopy(start), None
            if cache is None:
                pixels = values.repeat_interleave(each, dim=0)
            else:
                cache.batch_repeat_interleave(each)
            whole = torch.cat([mask.new_ones(len(mask), shared), mask], dim=1)
            output = self.backbone.llava(
                input_ids=rest,
                pixel_values=pixels,
                attention_mask=whole,
                position_ids=(whole.cumsum(-1) - 1).clamp(min=0)[:, shared:],
                use_cache=self.answer == "free" or cache is not None,
                **{self.cache: cache},
            )
            states = output.last_hidden_state[:, -1].unflatten(0, (count, each))
            yield states, output[self.cache] if self.answer == "free" else None, whole

    def _read_shared(self, ids: Tensor, values: Tensor) -> Any:
        """The decoder's cache of the shared prefix, ids (B, S), pixel values (B, 3, h, w)."""
        return self.backbone.llava(input_ids=ids, pixel_values=values, use_cache=True)[self.cache]

    def _log_odds(self, states: Tensor, cache: Any, mask: Tensor) -> Tensor:
        """Last states (B, Q, H) -> log-odds (B, Q)."""
        logits = self.backbone.head(states).float()
        odds: Tensor = logits[..., self.yes].logsumexp(-1) - logits[..., self.no].logsumexp(-1)
        return odds

    def _parsed(self, states: Tensor, cache: Any, mask: Tensor) -> Tensor:
        """Last states (B, Q, H) -> 1, 0 or 0.5 as the most likely words answer, (B, Q)."""
        words, state = [], states.flatten(0, 1)
        for _ in range(ANSWER_TOKENS):
            words.append(self.backbone.head(state).argmax(-1, keepdim=True))
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            place = mask.sum(-1, keepdim=True) - 1
            output = self.backbone.llava.language_model(
                input_ids=words[-1], attention_mask=mask, position_ids=place, use_cache=True, **{self.cache: cache}
            )
            state, cache = output.last_hidden_state[:, -1], output[self.cache]
        texts = self.tokenizer.batch_decode(torch.cat(words, dim=1), skip_special_tokens=True)
        return torch.tensor([parse_answer(text) for text in texts]).view(states.shape[:2])

    def _pixel_values(self, images: list[Pixels]) -> Tensor:
        """Images (1, h, w) -> (B, 3, h', w')."""
        rgb = [as_rgb_image(image) for image in images]
        values: Tensor = self.backbone.processor.image_processor(images=rgb, return_tensors="pt")["pixel_values"]
        return values.to(self.device, memory_format=torch.channels_last)


def cache_argument(model: Any) -> str:
    """The name of the key-value cache among the arguments of ``model``: transformers 5.24 renamed it."""
    return "cache" if "cache" in inspect.signature(type(model).forward).parameters else "past_key_values"


def parse_answer(text: str) -> float:
    """1 where the first yes or no among the words is yes, 0 where it is no, 0.5 where there is neither."""
    answer = re.search(r"\b(yes|no)\b", text.lower())
    return ANSWER_SCORES[answer.group()] if answer else UNDECIDED


def first_tokens(tokenizer: Any, words: Sequence[str]) -> list[int]:
    """Ids of the words that are single tokens, with or without a space before; where none is, the first piece of the
    first word."""
    pieces = [tokenizer(space + word, add_special_tokens=False)["input_ids"] for word in words for space in ("", " ")]
    whole = {ids[0] for ids in pieces if len(ids) == 1}
    return sorted(whole or {pieces[0][0]})


def _common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many ids all sequences begin with, short of the last id of the shortest."""
    longest = min(map(len, sequences)) - 1
    return next((i for i in range(longest) if len({sequence[i] for sequence in sequences}) > 1), longest)


plugin = Llava

"""BLIP-2's first stage as a recogniser (Li et al., "BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image
Encoders and Large Language Models", 2023; the weights Salesforce/blip2-itm-vit-g are MIT).

``head: matching`` lets the sentence look at the film through the querying transformer and asks whether they match:
one pass per film and sentence. ``head: contrast`` compares the nearest of the film's queries with the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.baselines._dual import RULES
from radz.baselines._films import as_picture, best_device, score_in_batches
from radz.baselines._opening import BaselineContext, one_of, required, unreadable
from radz.baselines._prompts import GIVEN, STATEMENT, PromptSet, Sentences, prompt_set
from radz.errors import CheckpointError
from radz.model.quiet import quietly
from radz.types import Anchors, Pixels, Scores, Study

HEADS = ("matching", "contrast")


class Blip2:
    """Log-odds of a match, or cosine, with what states a finding less that with what denies it."""

    name = "blip2"
    checkpoint = "Salesforce/blip2-itm-vit-g"

    def __init__(
        self, source: str, *, head: str = "matching", prompts: str = GIVEN, rule: str = "pair", batch_size: int = 8
    ) -> None:
        """head: ``matching`` or ``contrast``. prompts, rule: as for the dual encoders."""
        self.head, self.rule = one_of("head", head, HEADS), one_of("rule", rule, RULES)
        self.prompts, self.batch_size, self.device = prompts, batch_size, best_device()
        self.model, self.processor = _load(source)
        self.model.to(self.device)

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        around: BaselineContext,
        *,
        head: str = "matching",
        prompts: str = GIVEN,
        rule: str = "pair",
        batch_size: int = 8,
    ) -> Blip2:
        """The baseline over ``checkpoint``, in transformers' Blip2ForImageTextRetrieval format."""
        source = required(cls.name, checkpoint or cls.checkpoint)
        return cls(source, head=head, prompts=prompts, rule=rule, batch_size=batch_size)

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Values (B, C)."""
        asked = prompt_set(anchors, self.prompts, STATEMENT)

        def match(films: list[Pixels]) -> NDArray[np.float32]:
            values = self._pixel_values(films)
            sentences = asked.sentences if self.rule == "pair" else _sentences(asked.positive)
            known = dict(zip(sentences, torch.stack([self._logits(values, s) for s in sentences]), strict=True))
            return self._by_concept(asked, known).cpu().numpy()

        return score_in_batches(studies, anchors, self.batch_size, match)

    def _logits(self, values: Tensor, sentence: str) -> Tensor:
        """Pixel values (B, 3, h, w) and one sentence -> (B,)."""
        tokens = self.processor.tokenizer(sentence, return_tensors="pt").to(self.device)
        ids, mask = (tokens[name].expand(len(values), -1) for name in ("input_ids", "attention_mask"))
        if self.model.config.image_token_index is not None:  # the model cuts as many ids off as it has queries
            room = ids.new_zeros(len(values), self.model.config.num_query_tokens)
            ids, mask = torch.cat([room, ids], dim=1), torch.cat([torch.ones_like(room), mask], dim=1)
        matching = self.head == "matching"
        if not matching:
            ids, mask = ids[:1], mask[:1]  # one text against all films
        logits: Tensor = self.model(
            pixel_values=values, input_ids=ids, attention_mask=mask, use_image_text_matching_head=matching
        ).logits_per_image.float()
        return logits[:, 1] - logits[:, 0] if matching else logits[:, 0]

    def _by_concept(self, asked: PromptSet, known: dict[str, Tensor]) -> Tensor:
        """Mean over each concept's sentences, denials taken off: (B, C)."""
        positive, *negative = (
            torch.stack([torch.stack([known[text] for text in group]).mean(0) for group in side], dim=1)
            for side in ((asked.positive, asked.negative) if self.rule == "pair" else (asked.positive,))
        )
        return positive - negative[0] if negative else positive

    def _pixel_values(self, films: list[Pixels]) -> Tensor:
        pictures = [as_picture(film) for film in films]
        values: Tensor = self.processor.image_processor(images=pictures, return_tensors="pt")["pixel_values"]
        return values.to(self.device)


def _sentences(groups: Sequence[Sentences]) -> list[str]:
    return list(dict.fromkeys(text for group in groups for text in group))


def _load(source: str) -> tuple[Any, Any]:
    """Model in float32, for inference, and processor."""
    from transformers import AutoConfig, AutoProcessor, Blip2ForImageTextRetrieval

    try:
        with quietly():
            kind = AutoConfig.from_pretrained(source).model_type
            if kind != "blip-2":
                raise CheckpointError(f"{source} is a model of type '{kind}', but 'blip2' takes blip-2.")
            model = Blip2ForImageTextRetrieval.from_pretrained(source, dtype=torch.float32)
            return model.eval().requires_grad_(False), AutoProcessor.from_pretrained(source)
    except (OSError, ValueError, RuntimeError) as error:
        raise unreadable("blip2", source, error) from error


plugin = Blip2

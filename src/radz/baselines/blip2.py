"""BLIP-2's first stage as a recogniser (Li et al., "BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image
Encoders and Large Language Models", 2023; the weights Salesforce/blip2-itm-vit-g are MIT).

``head: matching`` lets the sentence attend to the image through the querying transformer and asks whether they match:
one pass per image and sentence. ``head: contrast`` compares the nearest of the image's queries with the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from radz.baselines._images import as_rgb_image, best_device, image_features, score_in_batches
from radz.baselines._opening import BaselineContext, one_of, required, unreadable
from radz.baselines._prompts import GIVEN, STATEMENT, PromptSet, Sentences, prompt_set
from radz.baselines._text_rows import RULES, unit
from radz.errors import CheckpointError
from radz.model.pretrained import from_pretrained, load_whole
from radz.model.quiet import quietly
from radz.model.two_step import TwoStep, pixels_of
from radz.types import Anchors, ImageFeatures, Pixels, Scores, Study

HEADS = ("matching", "contrast")


class Blip2:
    """What both heads share: the model, its inputs, and scores of sentences turned into scores of concepts."""

    name = "blip2"
    checkpoint = "Salesforce/blip2-itm-vit-g"

    def __init__(self, source: str, *, prompts: str = GIVEN, rule: str = "pair", batch_size: int = 8) -> None:
        """prompts, rule: as for the dual encoders."""
        self.prompts, self.rule, self.batch_size = prompts, one_of("rule", rule, RULES), batch_size
        self.device = best_device()
        self.model, self.processor = _load(source)
        self.model.to(self.device)

    @staticmethod
    def open(
        checkpoint: str | None,
        context: BaselineContext,
        *,
        head: str = "matching",
        prompts: str = GIVEN,
        rule: str = "pair",
        batch_size: int = 8,
    ) -> Matching | Contrast:
        """The baseline over ``checkpoint``, in transformers' Blip2ForImageTextRetrieval format."""
        source = required(Blip2.name, checkpoint or Blip2.checkpoint)
        kind = Matching if one_of("head", head, HEADS) == "matching" else Contrast
        return kind(source, prompts=prompts, rule=rule, batch_size=batch_size)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.model]

    def prompt_set(self, anchors: Anchors) -> PromptSet:
        """The sentences of C concepts."""
        return prompt_set(anchors, self.prompts, STATEMENT)

    def sentences(self, prompts: PromptSet) -> list[str]:
        """The sentences that the rule compares with."""
        return prompts.sentences if self.rule == "pair" else prompts.statements

    def by_concept(self, prompts: PromptSet, scores: dict[str, Tensor]) -> NDArray[np.float32]:
        """Sentence -> scores (B,); their mean over each concept's sentences, less that over its denials: (B, C)."""
        values = _mean_scores(prompts.positive, scores)
        if self.rule == "pair":
            values = values - _mean_scores(prompts.negative, scores)
        array: NDArray[np.float32] = values.cpu().numpy()
        return array

    def pixel_values(self, images: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w) -> (B, 3, h', w')."""
        rgb = [as_rgb_image(image) for image in images]
        values: Tensor = self.processor.image_processor(images=rgb, return_tensors="pt")["pixel_values"]
        return values.to(self.device)

    def tokens(self, sentence: str) -> tuple[Tensor, Tensor]:
        """Token ids and attention mask of one sentence, (1, T) each."""
        tokens = self.processor.tokenizer(sentence, return_tensors="pt").to(self.device)
        return tokens["input_ids"], tokens["attention_mask"]


class Matching(Blip2):
    """Log-odds of a match with what states a finding, less those with what denies it."""

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Values (B, C)."""
        prompts = self.prompt_set(anchors)

        def match(images: list[Pixels]) -> NDArray[np.float32]:
            values = self.pixel_values(images)
            scores = {sentence: self._log_odds(values, sentence) for sentence in self.sentences(prompts)}
            return self.by_concept(prompts, scores)

        return score_in_batches(studies, anchors, self.batch_size, match)

    def _log_odds(self, values: Tensor, sentence: str) -> Tensor:
        """Pixel values (B, 3, h, w) and one sentence -> (B,)."""
        ids, mask = (part.expand(len(values), -1) for part in self.tokens(sentence))
        if self.model.config.image_token_index is not None:  # the model removes as many ids as it has queries
            room = ids.new_zeros(len(values), self.model.config.num_query_tokens)
            ids, mask = torch.cat([room, ids], dim=1), torch.cat([torch.ones_like(room), mask], dim=1)
        logits: Tensor = self.model(
            pixel_values=values, input_ids=ids, attention_mask=mask, use_image_text_matching_head=True
        ).logits_per_image.float()
        return logits[:, 1] - logits[:, 0]


class Contrast(Blip2, TwoStep):
    """Cosine of the nearest query with what states a finding, less that with what denies it."""

    def __init__(self, source: str, *, prompts: str = GIVEN, rule: str = "pair", batch_size: int = 8) -> None:
        super().__init__(source, prompts=prompts, rule=rule, batch_size=batch_size)
        self._last: tuple[PromptSet, dict[str, Tensor]] | None = None

    @torch.inference_mode()
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """``positions``: the unit queries (B, P, E); ``embedding``: their mean as a unit row (B, E).

        Raises ImageError for a study without pixels.
        """
        patches = self.model.vision_model(self.pixel_values(pixels_of(studies))).last_hidden_state
        queries = self.model.query_tokens.expand(len(studies), -1, -1)
        states = self.model.qformer(query_embeds=queries, encoder_hidden_states=patches).last_hidden_state
        positions = unit(self.model.vision_projection(states))
        return image_features(studies, unit(positions.mean(1)), positions)

    @torch.inference_mode()
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Each sentence against the nearest of the queries (B, P, E): values (B, C) in [-2, 2]."""
        assert features.positions is not None
        prompts = self.prompt_set(anchors)
        scores = {text: (features.positions @ row).amax(1) for text, row in self._text_rows(prompts).items()}
        return Scores(features.study_ids, anchors.concepts, self.by_concept(prompts, scores))

    def _text_rows(self, prompts: PromptSet) -> dict[str, Tensor]:
        """Sentence -> its unit row (E,), on the CPU; those of the last prompt set are remembered."""
        if self._last is None or self._last[0] != prompts:
            self._last = (prompts, {text: self._text_row(text) for text in self.sentences(prompts)})
        return self._last[1]

    def _text_row(self, sentence: str) -> Tensor:
        """(E,)."""
        ids, mask = self.tokens(sentence)
        embeddings = self.model.embeddings(input_ids=ids)
        states = self.model.qformer(query_embeds=embeddings, query_length=0, attention_mask=mask).last_hidden_state
        return unit(self.model.text_projection(states[:, 0]))[0].cpu()


def _mean_scores(groups: Sequence[Sentences], scores: dict[str, Tensor]) -> Tensor:
    """The mean score (B,) of each group's sentences, side by side: (B, C)."""
    return torch.stack([torch.stack([scores[text] for text in group]).mean(0) for group in groups], dim=1)


def _load(source: str) -> tuple[Any, Any]:
    """Model in float32, for inference, and processor."""
    from transformers import AutoConfig, AutoProcessor, Blip2ForImageTextRetrieval

    try:
        with quietly():
            kind = from_pretrained(AutoConfig, source).model_type
            if kind != "blip-2":
                raise CheckpointError(f"{source} is a model of type '{kind}', but 'blip2' takes blip-2.")
            model = load_whole(Blip2ForImageTextRetrieval, source, dtype=torch.float32)
            return model.eval().requires_grad_(False), from_pretrained(AutoProcessor, source)
    except (OSError, ValueError, RuntimeError) as error:
        raise unreadable("blip2", source, error) from error


plugin = Blip2

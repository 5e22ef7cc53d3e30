"""What the language model's states know before any loss of this method: "base" of the ablation.

Film and sentence go separately through the decoder, as in the method; their patches and words at the layer that is
read are averaged, without modality tokens, adapters or heads. Without a checkpoint the projector is as the backbone
brings it, random in the shipped one; a checkpoint of stage ``general`` has it aligned by captioning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radz.baselines._dual import TEXTS_AT_ONCE, mean_rows, unit
from radz.baselines._films import best_device, score_in_batches
from radz.baselines._mllm import open_reader
from radz.baselines._opening import BaselineContext
from radz.baselines._prompts import GIVEN, STATEMENT, prompt_set
from radz.knowledge import KnowledgeBase
from radz.model.precision import choose_dtype, make_fast
from radz.model.radz import RadZ
from radz.types import Anchors, ImageBatch, Pixels, Scores, Study

FILMS = 64
"""Training films, evenly spaced, whose states are taken for the statistics."""
Standardise = Callable[[Tensor], Tensor]


class FrozenMllm:
    """Cosine of pooled states with a finding's statement less that with its denial.

    States have outlier dimensions that would drown all others, so each is standardised: a film's by ``films``, a
    sentence's by the names of the knowledge base's default findings. No label is looked at. Without films both are raw.
    """

    name = "frozen_mllm"
    of_run = "start"

    def __init__(
        self, model: RadZ, films: Sequence[Pixels] = (), *, prompts: str = GIVEN, batch_size: int = 16
    ) -> None:
        self.model, self.prompts, self.batch_size = model.to(best_device()).eval(), prompts, batch_size
        self.film_scale: Standardise = _unchanged
        self.text_scale: Standardise = _unchanged
        if films:
            self.film_scale = _by_statistics(self._read_films(films))
            sentences = [f"There is {concept.name}." for concept in KnowledgeBase.load() if concept.default]
            self.text_scale = _by_statistics(self._read_texts(sentences))

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        around: BaselineContext,
        *,
        backbone: str | None = None,
        layer: int | None = None,
        standardise: bool = True,
        prompts: str = GIVEN,
        batch_size: int = 16,
        dtype: str = "auto",
    ) -> FrozenMllm:
        """The raw backbone, or a checkpoint of stage ``general``; statistics of the corpus's training films."""
        model = open_reader(checkpoint, backbone, layer)
        make_fast(model, choose_dtype(dtype))
        films = _some_films(around.train()) if standardise else ()
        return cls(model, films, prompts=prompts, batch_size=batch_size)

    @torch.inference_mode()
    def score(self, studies: Sequence[Study], anchors: Anchors) -> Scores:
        """Values (B, C) in [-2, 2]."""
        asked = prompt_set(anchors, self.prompts, STATEMENT)
        texts = asked.sentences
        encoded = dict(zip(texts, unit(self.text_scale(self._read_texts(texts))), strict=True))
        rows = mean_rows(asked.positive, encoded) - mean_rows(asked.negative, encoded)

        def compare(films: list[Pixels]) -> NDArray[np.float32]:
            return (unit(self.film_scale(self._read_films(films))) @ rows.T).cpu().numpy()

        return score_in_batches(studies, anchors, self.batch_size, compare)

    @torch.inference_mode()
    def _read_films(self, films: Sequence[Pixels]) -> Tensor:
        """Films (1, H, W) -> mean of their patches' states, (B, H)."""
        processor, parts = self.model.processor, []
        for start in range(0, len(films), self.batch_size):
            own = films[start : start + self.batch_size]
            images = ImageBatch(processor.image_prompt(len(own)), processor.pixel_values(own))
            parts.append(self.model.read_image(images.to(self._device)).local.float())
        return torch.cat(parts)

    @torch.inference_mode()
    def _read_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences -> mean of their words' states, (N, H)."""
        parts = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            prompt = self.model.processor.text_prompt(texts[start : start + TEXTS_AT_ONCE]).to(self._device)
            parts.append(self.model.read_text(prompt).local.float())
        return torch.cat(parts)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def _some_films(corpus: Any) -> list[Pixels]:
    """At most FILMS films of a corpus, evenly spaced."""
    step = max(1, len(corpus) // FILMS)
    studies = [corpus[i] for i in range(0, len(corpus), step)][:FILMS]
    return [study.pixels for study in studies if study.pixels is not None]


def _unchanged(states: Tensor) -> Tensor:
    return states


def _by_statistics(known: Tensor) -> Standardise:
    """Standardise each dimension by mean and deviation of ``known``, (N, H)."""
    mean, deviation = known.mean(0), known.std(0, correction=0).clamp(min=1e-4)
    return lambda states: (states - mean) / deviation


plugin = FrozenMllm

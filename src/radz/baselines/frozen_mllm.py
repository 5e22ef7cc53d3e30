"""What the language model's states know before any loss of this method: "base" of the ablation.

Image and sentence go separately through the decoder, as in the method; the states of patches and words at the layer
that is read are averaged, without modality tokens, adapters or heads. Without a checkpoint the projector is the
backbone's, which is random in the default one; a checkpoint of stage ``general`` has it aligned by captioning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from radz.baselines._images import best_device, image_features
from radz.baselines._mllm import open_reader
from radz.baselines._opening import BaselineContext
from radz.baselines._prompts import GIVEN, STATEMENT, prompt_set
from radz.baselines._text_rows import TEXTS_AT_ONCE, TextRows, unit
from radz.knowledge import KnowledgeBase
from radz.model.precision import choose_dtype, make_fast
from radz.model.radz import RadZ
from radz.model.two_step import TwoStep, pixels_of
from radz.types import Anchors, ImageBatch, ImageFeatures, Pixels, Scores, Study

IMAGES = 64
"""Training images, evenly spaced, whose states give the statistics."""
Standardise = Callable[[Tensor], Tensor]


class FrozenMllm(TwoStep):
    """Cosine of pooled states with a finding's statement less that with its denial.

    States have outlier dimensions that would dominate all others, so each is standardised: an image's by ``images``, a
    sentence's by the names of the knowledge base's default findings. Labels are not used. Without images both are raw.
    """

    name = "frozen_mllm"
    of_run = "start"

    def __init__(
        self, model: RadZ, images: Sequence[Pixels] = (), *, prompts: str = GIVEN, batch_size: int = 16
    ) -> None:
        """images: (1, h, w) each, whose states give the statistics."""
        self.model, self.prompts, self.batch_size = model.to(best_device()).eval(), prompts, batch_size
        self.text_rows = TextRows(lambda texts: self.text_scale(self._read_texts(texts)))
        self.image_scale: Standardise = _unchanged
        self.text_scale: Standardise = _unchanged
        if images:
            self.image_scale = _by_statistics(self._read_images(images))
            sentences = [f"There is {concept.name}." for concept in KnowledgeBase.load() if concept.default]
            self.text_scale = _by_statistics(self._read_texts(sentences))

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        context: BaselineContext,
        *,
        backbone: str | None = None,
        layer: int | None = None,
        standardise: bool = True,
        prompts: str = GIVEN,
        batch_size: int = 16,
        dtype: str = "auto",
    ) -> FrozenMllm:
        """The raw backbone, or a checkpoint of stage ``general``; statistics of the corpus's training images."""
        model = open_reader(checkpoint, backbone, layer)
        make_fast(model, choose_dtype(dtype))
        images = _sample_images(context.train()) if standardise else ()
        return cls(model, images, prompts=prompts, batch_size=batch_size)

    def modules(self) -> list[nn.Module]:
        """The torch modules that scoring runs."""
        return [self.model]

    @torch.inference_mode()
    def encode(self, studies: Sequence[Study]) -> ImageFeatures:
        """Unit means of the patches' states, (B, H). Raises ImageError for a study without pixels."""
        return image_features(studies, unit(self.image_scale(self._read_images(pixels_of(studies)))))

    @torch.inference_mode()
    def similarity(self, features: ImageFeatures, anchors: Anchors) -> Scores:
        """Cosine with each concept's statement, less that with its denial: values (B, C) in [-2, 2]."""
        rows = self.text_rows(prompt_set(anchors, self.prompts, STATEMENT))
        return Scores(features.study_ids, anchors.concepts, (features.embedding @ rows.T).numpy())

    @torch.inference_mode()
    def _read_images(self, images: Sequence[Pixels]) -> Tensor:
        """Images (1, h, w) -> mean of their patches' states, (B, H)."""
        processor, parts = self.model.processor, []
        for start in range(0, len(images), self.batch_size):
            part = images[start : start + self.batch_size]
            batch = ImageBatch(processor.image_prompt(len(part)), processor.pixel_values(part))
            parts.append(self.model.read_image(batch.to(self._device)).local.float())
        return torch.cat(parts)

    @torch.inference_mode()
    def _read_texts(self, texts: Sequence[str]) -> Tensor:
        """Sentences (N,) -> mean of their words' states, (N, H)."""
        parts = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            prompt = self.model.processor.text_prompt(texts[start : start + TEXTS_AT_ONCE]).to(self._device)
            parts.append(self.model.read_text(prompt).local.float())
        return torch.cat(parts)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def _sample_images(corpus: Any) -> list[Pixels]:
    """At most IMAGES images (1, h, w) of a corpus, evenly spaced."""
    step = max(1, len(corpus) // IMAGES)
    studies = [corpus[i] for i in range(0, len(corpus), step)][:IMAGES]
    return [study.pixels for study in studies if study.pixels is not None]


def _unchanged(states: Tensor) -> Tensor:
    """(N, H) -> (N, H)."""
    return states


def _by_statistics(sample: Tensor) -> Standardise:
    """Standardise each dimension by mean and deviation of ``sample``, (N, H)."""
    mean, deviation = sample.mean(0), sample.std(0, correction=0).clamp(min=1e-4)
    return lambda states: (states - mean) / deviation


plugin = FrozenMllm

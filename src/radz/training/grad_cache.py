"""Large batches in the memory of a small one: gradients cached at the features (GradCache, arXiv 2101.06983).

The model runs over a batch in chunks whose activations are not kept. The loss sees the features of the whole batch. In
the backward pass its gradient arrives at the features; chunk by chunk the forward pass is repeated, with the same
random numbers, and the gradient continues into the parameters. Nothing is approximated, since a feature does not depend
on its neighbours. The repetition is torch's activation checkpointing, one chunk being one segment.

A batch that is not chunked has its texts in groups of similar length, since padding costs what words cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from radz.model.radz import RadZ
from radz.training.distributed import passes
from radz.types import Features, ImageBatch, Prompt

SIDES = {
    "image": ("image_global", "image_local", "image_tokens", "image_positions"),
    "text": ("text_global", "text_local", "text_tokens"),
}

Chunk = ImageBatch | Prompt
PASS = 256
"""Positions that one more pass through the decoder has to save."""


class GradCache:
    """``model(images, texts)``, at most ``size`` images or texts at a time; ``None`` holds all activations."""

    def __init__(self, model: RadZ, size: int | None = None) -> None:
        self.model, self.size = model, size

    def __call__(self, images: ImageBatch | None = None, texts: Prompt | None = None) -> Features:
        """Features of B images, of U texts, or of both: (B, D), (U, D)."""
        features = Features()
        if images is not None:
            chunks = image_chunks(images, self.size or len(images))
            self._fill(features, "image", [*chunks])
        if texts is not None:
            groups = text_groups(texts, self.size)
            self._fill(features, "text", [*text_chunks(texts, groups)])
            order = torch.cat(groups).argsort()
            for name in SIDES["text"]:
                setattr(features, name, getattr(features, name)[order])
        return features

    def _fill(self, features: Features, side: str, chunks: Sequence[Chunk]) -> None:
        """Set the features of one side, (N, ...) each, from those of its chunks."""
        idle = passes(len(chunks)) - len(chunks)
        parts = [self._run(chunk) for chunk in [*chunks, *[chunks[-1]] * idle]]
        for name in SIDES[side]:
            rows = [row for part in parts if (row := getattr(part, name)) is not None]
            if idle and rows:  # the repeated passes run backward, too, and change nothing
                *rows, last = rows[: len(chunks)]
                rows.append(last + 0 * sum(getattr(part, name).sum() for part in parts[len(chunks) :]))
            setattr(features, name, torch.cat(rows) if rows else None)

    def _run(self, chunk: Chunk) -> Features:
        """Features of one chunk, (N, D); its activations are held only where nothing is chunked."""
        if self.size is None:
            return self._encode(chunk)
        prompt = chunk.prompt if isinstance(chunk, ImageBatch) else chunk
        # the ids tell the checkpoint which device's random numbers to keep
        features: Features = checkpoint(lambda ids: self._encode(chunk), prompt.input_ids, use_reentrant=False)
        return features

    def _encode(self, chunk: Chunk) -> Features:
        """Features of one chunk, (N, D)."""
        features: Features = self.model(images=chunk) if isinstance(chunk, ImageBatch) else self.model(texts=chunk)
        return features


def image_chunks(images: ImageBatch, size: int) -> Iterator[ImageBatch]:
    """``images`` (B), at most ``size`` at a time."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def text_groups(texts: Prompt, size: int | None) -> list[Tensor]:
    """Rows of ``texts`` from short to long, ``size`` at a time, (N,) each; ``None`` cuts where that saves padding."""
    lengths, order = texts.attention_mask.sum(1).sort(stable=True)
    sizes = alike(lengths.tolist()) if size is None else size
    return [*torch.split(order, sizes)]


def text_chunks(texts: Prompt, groups: Sequence[Tensor]) -> Iterator[Prompt]:
    """``texts`` in groups of rows, (N,) each, every group as long as its longest text."""
    for rows in groups:
        yield trimmed(texts[rows])


def alike(lengths: Sequence[int]) -> list[int]:
    """Sizes of groups of ``lengths``, ascending, that take the fewest positions, ``PASS`` counted for each group."""
    ends = [i for i in range(1, len(lengths)) if lengths[i] > lengths[i - 1]] + [len(lengths)]
    best: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for end in ends:
        best[end] = min(
            (cost + PASS + (end - start) * lengths[end - 1], [*sizes, end - start])
            for start, (cost, sizes) in best.items()
        )
    return best[len(lengths)][1]


def trimmed(texts: Prompt) -> Prompt:
    """Without the positions that are padding in every sequence: (B, T) -> (B, T'), T' <= T."""
    used = texts.attention_mask.bool().any(0)
    before = (~used).cumsum(0)
    return replace(
        texts,
        input_ids=texts.input_ids[:, used],
        attention_mask=texts.attention_mask[:, used],
        modality_tokens=texts.modality_tokens - before[texts.modality_tokens],
        local=texts.local[:, used],
    )

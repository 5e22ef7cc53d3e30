"""Large batches in the memory of a small one: gradients cached at the features (GradCache, arXiv 2101.06983).

The model runs over a batch in chunks whose activations are not kept. The loss sees the features of the whole batch. In
the backward pass its gradient stands at the features; chunk by chunk the forward pass is repeated, with the random
numbers that it had, and the gradient goes on into the parameters. Nothing is approximated, since a feature does not
depend on its neighbours. The repetition is torch's activation checkpointing, one chunk being one segment.

A batch that is not chunked has its texts in groups of like length, since padding costs what words cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from radz.model.radz import RadZ
from radz.train.distributed import passes
from radz.types import Batch, Features, Prompt

SIDES = {
    "image": ("image_global", "image_local", "image_tokens", "image_positions"),
    "text": ("text_global", "text_local", "text_tokens"),
}

PASS = 256
"""Positions that one more pass through the decoder has to save."""


class Chunked:
    """``model(batch)``, at most ``size`` films or distinct texts at a time; for ``None`` with all activations held."""

    def __init__(self, model: RadZ, size: int | None = None) -> None:
        self.model, self.size = model, size

    def __call__(self, batch: Batch) -> Features:
        """Features of the whole batch, as the model gives them."""
        features = Features()
        if batch.image_prompt is not None:
            self._fill(features, "image", film_chunks(batch, self.size or len(batch.image_prompt.input_ids)))
        if batch.text_prompt is not None:
            groups = text_groups(batch.text_prompt, self.size)
            place = torch.cat(groups).argsort()
            self._fill(features, "text", text_chunks(batch.text_prompt, groups))
            rows = place if batch.text_index is None else place[batch.text_index]
            for name in SIDES["text"]:
                setattr(features, name, getattr(features, name)[rows])
        return features

    def _fill(self, features: Features, side: str, chunks: Iterator[Batch]) -> None:
        todo = [*chunks]
        idle = passes(len(todo)) - len(todo)
        parts = [self._run(chunk) for chunk in todo + todo[-1:] * idle]
        for name in SIDES[side]:
            rows = [row for part in parts if (row := getattr(part, name)) is not None]
            if idle and rows:  # the repeated passes run backward, too, and change nothing
                *rows, last = rows[: len(todo)]
                rows.append(last + 0 * sum(getattr(part, name).sum() for part in parts[len(todo) :]))
            setattr(features, name, torch.cat(rows) if rows else None)

    def _run(self, chunk: Batch) -> Features:
        prompt = chunk.image_prompt or chunk.text_prompt
        assert prompt is not None
        if self.size is None:
            whole: Features = self.model(chunk)
            return whole
        # the ids tell the checkpoint which device's random numbers to keep
        features: Features = checkpoint(lambda ids: self.model(chunk), prompt.input_ids, use_reentrant=False)
        return features


def film_chunks(batch: Batch, size: int) -> Iterator[Batch]:
    """The films of ``batch``, without its texts, at most ``size`` at a time."""
    assert batch.image_prompt is not None
    for rows in torch.split(torch.arange(len(batch.image_prompt.input_ids)), size):
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        yield Batch(
            image_prompt=take(batch.image_prompt, part),
            pixel_values=None if batch.pixel_values is None else batch.pixel_values[part],
            tower_states=None if batch.tower_states is None else batch.tower_states[part],
        )


def text_groups(prompt: Prompt, size: int | None) -> list[Tensor]:
    """Rows of ``prompt`` from short to long, ``size`` at a time; for ``None`` cut where that saves padding."""
    lengths, order = prompt.attention_mask.sum(1).sort(stable=True)
    sizes = alike(lengths.tolist()) if size is None else size
    return [*torch.split(order, sizes)]


def text_chunks(prompt: Prompt, groups: Sequence[Tensor]) -> Iterator[Batch]:
    """The texts of ``prompt`` in groups of rows, each as long as its longest text."""
    for rows in groups:
        yield Batch(text_prompt=trimmed(take(prompt, rows)))


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


def take(prompt: Prompt, rows: slice | Tensor) -> Prompt:
    """Some sequences of ``prompt``."""
    return Prompt(prompt.input_ids[rows], prompt.attention_mask[rows], prompt.modality_tokens[rows], prompt.local[rows])


def trimmed(prompt: Prompt) -> Prompt:
    """Without the positions that are padding in every sequence."""
    used = prompt.attention_mask.bool().any(0)
    before = (~used).cumsum(0)
    return replace(
        prompt,
        input_ids=prompt.input_ids[:, used],
        attention_mask=prompt.attention_mask[:, used],
        modality_tokens=prompt.modality_tokens - before[prompt.modality_tokens],
        local=prompt.local[:, used],
    )

"""The heads' statistics, measured once on states of the first training batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from radz.model.radz import RadZ
from radz.model.readout import States
from radz.training.grad_cache import image_chunks, text_chunks, text_groups
from radz.types import PairBatch

BATCHES, PAIRS = 4, 256


@torch.no_grad()
def fit_standardization(model: RadZ, batches: Iterable[PairBatch], chunk_size: int | None = None) -> None:
    """Measure each head's mean and standard deviation (H,) on four batches, or on fewer that hold 256 pairs."""
    model.eval()
    device = next(model.parameters()).device
    rows: dict[str, list[Tensor]] = {name: [] for name in model.readout.heads}
    for batch in itertools.islice(batches, BATCHES):
        for modality, states in _read_states(model, batch.to(device), chunk_size):
            for name, state in (("global", states.whole), ("local", states.local_rows)):
                rows[f"{modality}_{name}"].append(state.float())
        if sum(map(len, rows["image_global"])) >= PAIRS:
            break
    model.readout.fit_standardization({name: torch.cat(states) for name, states in rows.items()})


def _read_states(model: RadZ, batch: PairBatch, chunk_size: int | None) -> Iterator[tuple[str, States]]:
    """(modality, its states) of a batch, whole or in chunks."""
    for images in image_chunks(batch.images, chunk_size or len(batch.images)):
        yield "image", model.read_image(images)
    for texts in text_chunks(batch.texts.prompt, text_groups(batch.texts.prompt, chunk_size)):
        yield "text", model.read_text(texts)

"""States of a frozen tower, computed once per image and augmented view.

View 0 is the image unchanged; view v is its v-th augmentation. Over the epochs an image goes through its views in turn,
and images start at different views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from radz.data.loader import Augment
from radz.model.radz import RadZ
from radz.types import Pixels, Study


@dataclass(frozen=True, slots=True)
class TowerCache:
    """states: float16, shape (N, views, P, V)."""

    states: Tensor

    def __call__(self, epoch: int, index: int) -> Tensor:
        """States of one image in one epoch, float32, (P, V)."""
        return self.states[index, (epoch + index) % self.states.shape[1]].float()


@torch.inference_mode()
def cache_tower(
    model: RadZ,
    corpus: Sequence[Study],
    views: int,
    augment: Augment | None,
    progress: Callable[[Iterator[int], int], Iterator[int]],
    *,
    batch_size: int = 32,
) -> TowerCache:
    """Run the tower over every view of N images (1, h, w) -> states (N, views, P, V)."""
    model.eval()
    device = next(model.parameters()).device
    states = torch.empty(0)
    for start in progress(iter(range(0, len(corpus), batch_size)), -(-len(corpus) // batch_size)):
        images = [corpus[i].pixels for i in range(start, min(start + batch_size, len(corpus)))]
        for view in range(views):
            shown = [_view(image, view, start + i, augment) for i, image in enumerate(images) if image is not None]
            out = model.tower_states(model.processor.pixel_values(shown).to(device)).half().cpu()
            if not len(states):
                states = torch.empty(len(corpus), views, *out.shape[1:], dtype=torch.float16)
            states[start : start + len(shown), view] = out
    return TowerCache(states)


def _view(image: Pixels, view: int, index: int, augment: Augment | None) -> Pixels:
    """One view of an image (1, h, w)."""
    return image if view == 0 or augment is None else augment(image, view, index)

"""States of the frozen tower, computed once per image and view."""

from __future__ import annotations

import numpy as np
import torch

from radz.training.tower_cache import TowerCache, cache_tower
from radz.types import Study
from tiny import tiny_model


def test_an_image_goes_through_its_views_in_turn():
    cache = TowerCache(torch.arange(6, dtype=torch.float16).view(2, 3, 1, 1))
    assert [cache(epoch, 0).item() for epoch in range(4)] == [0, 1, 2, 0]
    assert [cache(epoch, 1).item() for epoch in range(4)] == [4, 5, 3, 4]


def test_states_are_those_of_the_tower_view_by_view(llava_dir):
    model = tiny_model(llava_dir)
    pixels = np.random.default_rng(0).random((3, 1, 28, 28), dtype=np.float32)
    corpus = [Study(str(i), str(i), pixels=each) for i, each in enumerate(pixels)]

    def darker(image, view, index):
        return image * (0.5 + 0.1 * index)

    cache = cache_tower(model, corpus, 2, darker, lambda items, total: items, batch_size=2)
    assert cache.states.shape[:2] == (3, 2)
    for index in range(3):
        for view, shown in enumerate((pixels[index], darker(pixels[index], 1, index))):
            with torch.inference_mode():
                expected = model.tower_states(model.processor.pixel_values([shown]))[0]
            torch.testing.assert_close(cache.states[index, view].float(), expected, rtol=2e-3, atol=2e-3)  # float16

"""Cost of scoring, on models whose size and arithmetic one can work out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from eval_fakes import Brightness, make_anchors, make_study
from radz.errors import ScoresError
from radz.eval.cost import measure_cost, torch_modules
from radz.types import Scores

STUDIES = [make_study(i) for i in range(5)]


class Net:
    """One linear map 64 -> 16 of the film, attention over four tokens of width 4, anchors of width 16; and a part for
    texts that no film passes.
    """

    name = "net"

    def __init__(self):
        self.film, self.text = nn.Linear(64, 16), nn.Linear(10, 10)

    def modules(self):
        return [self.film, self.text]

    @torch.inference_mode()
    def score(self, studies, anchors):
        films = torch.stack([torch.from_numpy(s.pixels).flatten() for s in studies])
        tokens = self.film(films).view(len(studies), 1, 4, 4)
        states = nn.functional.scaled_dot_product_attention(tokens, tokens, tokens).flatten(1)
        values = (states @ torch.ones(16, len(anchors))).numpy()
        return Scores(tuple(s.study_id for s in studies), anchors.concepts, values)


def test_size_and_arithmetic_by_hand():
    cost = measure_cost(Net(), STUDIES, make_anchors(), calls=3)
    linear, attention, compare = 2 * 64 * 16, 2 * (2 * 4 * 4 * 4), 2 * 16 * 3
    assert cost.flops_per_image == linear + attention + compare
    assert cost.active_parameters == 64 * 16 + 16
    assert cost.parameters == cost.active_parameters + 110
    assert cost.trained_parameters == cost.parameters, "nothing is frozen"
    assert measure_cost(Net(), STUDIES, make_anchors(), calls=1, trained_parameters=7).trained_parameters == 7
    frozen = Net()
    frozen.film.requires_grad_(False)
    assert measure_cost(frozen, STUDIES, make_anchors(), calls=1).trained_parameters == 110


class Slow(Brightness):
    """Takes 20 ms a call, and 64 MiB while it lasts."""

    def score(self, studies, anchors):
        import time

        block = np.ones(2**23)
        time.sleep(0.02)
        assert block[0] == 1
        return super().score(studies, anchors)


def test_speed_and_memory_of_a_model_without_torch():
    cost = measure_cost(Slow(), STUDIES, make_anchors(), calls=5, batch_size=4)
    assert 20 <= cost.p50_latency_ms <= cost.p95_latency_ms
    assert cost.images_per_second <= 4 / 0.02
    assert 64 <= cost.working_memory_mib <= cost.peak_memory_mib
    assert (cost.parameters, cost.active_parameters, cost.flops_per_image) == (0, 0, 0)
    assert (cost.concepts, cost.calls, cost.batch_size, cost.device) == (3, 5, 4, "cpu")


def test_modules_are_those_that_a_model_lists():
    net = Net()
    assert torch_modules(net) == [net.film, net.text]
    assert torch_modules(Brightness()) == []


def test_without_films_there_is_no_cost():
    with pytest.raises(ScoresError, match="got 1 studies without pixels: read them first"):
        measure_cost(Net(), [replace(STUDIES[0], pixels=None)], make_anchors())

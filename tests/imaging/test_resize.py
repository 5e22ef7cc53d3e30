"""The one resizer against torchvision's."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from radz.imaging.resize import resize


@pytest.mark.parametrize("shape", [(40, 30), (300, 517), (224, 100), (30, 224), (320, 262), (7, 1001)])
def test_values_are_those_of_torchvision(shape):
    plane = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    theirs = tv.resize(plane[None], [224, 96], interpolation=InterpolationMode.BICUBIC, antialias=True)[0]
    torch.testing.assert_close(resize(plane, 224, 96), theirs, rtol=0, atol=2e-6)  # measured 7e-7


def test_the_same_size_changes_nothing():
    plane = torch.rand(50, 40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(resize(plane, 50, 40), plane)


def test_a_constant_stays_constant():
    torch.testing.assert_close(resize(torch.full((90, 70), 0.25), 31, 113), torch.full((31, 113), 0.25))

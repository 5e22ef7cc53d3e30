"""Alignment from values one can derive."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from loss_fakes import Inputs, loss, pairs, unit
from radz.losses.alignment import jaccard, nce, relations
from radz.types import BatchRows, Features


def features(count: int, dim: int = 6) -> Features:
    return Features(*(unit(count, dim, seed=seed) for seed in range(4)))


def loss_of(pair: Features, rows: BatchRows, granularity: str = "same", **settings) -> float:
    return float(loss("alignment", granularity, **settings)(Inputs(pair, rows))["alignment"])


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("granularity", ["same", "cross", "both"])
def test_equal_embeddings_give_log_of_the_batch(count, granularity):
    same = Features(*(torch.eye(3)[:1].expand(count, -1) for _ in range(4)))
    assert loss_of(same, pairs(count), granularity) == pytest.approx(math.log(count), abs=1e-5)


def test_nce_by_hand():
    """Two pairs at right angles, tau = 0.5: every row is -log(e² / (e² + 1)) = log(1 + e⁻²)."""
    eye = Features(*(torch.eye(2) for _ in range(4)))
    assert loss_of(eye, pairs(2), temperature=0.5) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_same_as_open_contrast_of_rows_and_columns():
    pair = features(4)
    logits = pair.image_global @ pair.text_local.T / 0.07
    other = pair.image_local @ pair.text_global.T / 0.07
    target = torch.arange(4)
    expected = sum(F.cross_entropy(x, target) + F.cross_entropy(x.T, target) for x in (logits, other)) / 4
    assert loss_of(pair, pairs(4), "cross") == pytest.approx(float(expected), abs=1e-5)


def test_swapping_image_and_text_changes_nothing():
    pair = features(5)
    swapped = Features(pair.text_global, pair.text_local, pair.image_global, pair.image_local)
    for granularity in ("same", "cross"):
        assert loss_of(pair, pairs(5), granularity) == pytest.approx(loss_of(swapped, pairs(5), granularity), abs=1e-6)


LABELS = [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_equal_label_sets_are_positives_and_overlaps_are_masked():
    targets, keep = relations(pairs(LABELS, [0, 1, 2, 3]), "mask")
    assert targets.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert keep.int().tolist() == [[1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]]


def test_overlaps_weigh_by_jaccard():
    targets, keep = relations(pairs(LABELS, [0, 1, 2, 3]), "jaccard")
    assert targets.tolist() == [[1, 1, 0.5, 0], [1, 1, 0.5, 0], [0.5, 0.5, 1, 0], [0, 0, 0, 1]]
    assert keep.all()


def test_the_same_text_is_a_positive_and_a_masked_pair_counts_for_nothing():
    targets, _ = relations(pairs(3, [0, 1, 0]), "mask")
    assert targets.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    logits = torch.tensor([[1.0, 9.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], requires_grad=True)
    keep = torch.ones(3, 3, dtype=torch.bool)
    keep[0, 1] = False
    value = nce(logits, torch.eye(3), keep)
    value.backward()
    assert logits.grad[0, 1] == 0
    rows = [math.log(1 + math.exp(-1)), math.log(1 + 2 * math.exp(-1)), math.log(1 + 2 * math.exp(-1))]
    assert float(value.detach()) == pytest.approx(sum(rows) / 3, abs=1e-6)


def test_jaccard_of_sets():
    sets = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=torch.bool)
    expected = torch.tensor([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]])
    torch.testing.assert_close(jaccard(sets), expected)

"""Batches of one source, and labels as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from radz.data.loader import PairSampler, label_matrix
from radz.types import Presence, Study

P, A = Presence.PRESENT, Presence.ABSENT


def records(counts):
    return [Study(f"{g}{i}", f"{g}{i}", metadata={"source": g}) for g, n in counts.items() for i in range(n)]


def test_batches_stay_within_a_source_and_every_study_comes_once():
    sampler = PairSampler(records({"a": 9, "b": 6}), 3, within=("source",))
    batches = [[index for _, index in batch] for batch in sampler]
    assert len(batches) == len(sampler) == 5
    assert sorted(i for b in batches for i in b) == list(range(15))
    assert all(len({i < 9 for i in b}) == 1 for b in batches)


def test_the_remainder_is_mixed_and_the_last_batch_dropped():
    sampler = PairSampler(records({"a": 4, "b": 4}), 3, within=("source",))
    batches = list(sampler)
    assert [len(b) for b in batches] == [3, 3]
    sampler.set_epoch(1)
    assert list(sampler) != batches


@pytest.mark.parametrize("presence", Presence)
def test_a_label_is_one_zero_or_unknown(presence):
    value = label_matrix([Study("s", "p", labels={"mass": presence})], ["mass", "nodule"])
    expected = {P: 1.0, A: 0.0}.get(presence, float("nan"))
    np.testing.assert_equal(value.numpy(), [[expected, np.nan]])

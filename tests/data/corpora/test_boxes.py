"""Boxes and run lengths."""

from __future__ import annotations

import numpy as np
import pytest

from radz.data.corpora._boxes import Box, by_study, numbers, read_runs, write_runs
from radz.errors import CorpusError


def test_runs_are_relative_and_go_down_the_columns():
    """Leave 2, mark 3, leave 4, mark 1: of columns of 4, pixels 2 and 3 of one, 0 of the next, 1 of the last."""
    mask = read_runs("2 3 4 1", height=4, width=3)
    assert mask.astype(int).tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert write_runs(mask) == "2 3 4 1"
    assert not read_runs("", 4, 3).any()


def test_any_mask_comes_back_from_its_runs():
    masks = np.random.default_rng(0).random((20, 5, 7)) < 0.5
    for mask in [*masks, np.ones((5, 7), bool), np.zeros((5, 7), bool)]:
        np.testing.assert_array_equal(read_runs(write_runs(mask), 5, 7), mask)


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ("2 3 4", r"a mask must be pairs of numbers"),
        ("2 -3", r"a mask must be pairs of numbers"),
        ("a b", r"a mask must be a list of whole numbers"),
        ("10 3", r"marks pixel 13 of an image of 4 x 3"),
    ],
)
def test_runs_that_are_none(runs, reason):
    with pytest.raises(CorpusError, match=reason):
        read_runs(runs, 4, 3)


def test_boxes_of_a_study_stay_in_order():
    first, second = Box("mass", 0, 0, 1, 1), Box("nodule", 2, 2, 3, 3, "reader")
    assert by_study([("a", first), ("b", first), ("a", second)]) == {"a": (first, second), "b": (first,)}


def test_a_box_is_four_numbers():
    assert numbers(["1", " 2.5", 3, "4e1"]) == (1, 2.5, 3, 40)
    for cells in (["1", "2", "3"], ["1", "2", "3", ""], ["1", "2", "3", "nan"], ["1", "2", "3", "4", "5"]):
        with pytest.raises(CorpusError, match="a box must be four numbers"):
            numbers(cells)

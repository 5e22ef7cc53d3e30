"""Scores of a finding and its subtypes that are shown do not contradict each other."""

from __future__ import annotations

import numpy as np

from radz.calibration.hierarchy import groups_of, reconcile
from radz.knowledge import Concept, KnowledgeBase

BASE = KnowledgeBase(
    [
        Concept(id="opacity", name="opacity"),
        Concept(id="pneumonia", name="pneumonia", parents=("opacity",), group="infectious"),
        Concept(id="lobar", name="lobar pneumonia", parents=("pneumonia",), group="infectious"),
        Concept(id="mass", name="mass", group="neoplastic"),
    ]
)


def test_a_parent_is_the_greatest_of_its_own_and_of_all_below():
    concepts = ("lobar", "mass", "opacity", "pneumonia")
    scores = np.array([[0.7, 0.9, 0.1, 0.4], [0.1, 0.0, 0.3, 0.2]])
    np.testing.assert_array_equal(
        reconcile(scores, concepts, BASE), [[0.7, 0.9, 0.7, 0.7], [0.1, 0.0, 0.3, 0.2]], strict=True
    )


def test_a_level_that_was_not_asked_for_does_not_break_the_line():
    np.testing.assert_array_equal(reconcile(np.array([0.1, 0.7]), ("opacity", "lobar"), BASE), [0.7, 0.7])


def test_nan_raises_nobody_and_stays():
    np.testing.assert_array_equal(reconcile(np.array([0.1, np.nan]), ("opacity", "lobar"), BASE), [0.1, np.nan])
    np.testing.assert_array_equal(reconcile(np.array([np.nan, 0.7]), ("opacity", "lobar"), BASE), [np.nan, 0.7])


def test_a_finding_of_the_user_is_unrelated_to_the_others_and_the_input_is_left_as_it_was():
    scores = np.array([0.1, 0.7])
    np.testing.assert_array_equal(reconcile(scores, ("opacity", "custom"), BASE), [0.1, 0.7])
    reconcile(scores, ("opacity", "lobar"), BASE)
    np.testing.assert_array_equal(scores, [0.1, 0.7])


def test_the_children_of_the_shipped_base_are_raised():
    knowledge = KnowledgeBase.load()
    raised = reconcile(np.array([0.0, 1.0]), ("pneumonia", "viral_pneumonia"), knowledge)
    np.testing.assert_array_equal(raised, [1.0, 1.0])
    assert groups_of(["pneumonia"], knowledge) == {"pneumonia": "infectious"}

"""A finding and its kinds: scores that are shown do not contradict each other; averages by disease group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from eval_fakes import make_table
from radz.calibration.hierarchy import groups_of, reconcile
from radz.knowledge import Concept, KnowledgeBase
from radz.metrics.scores_file import ScoresTable
from radz.metrics.summary import summarise

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


def test_a_finding_of_the_users_own_stands_alone_and_the_input_is_left_as_it_was():
    scores = np.array([0.1, 0.7])
    np.testing.assert_array_equal(reconcile(scores, ("opacity", "own"), BASE), [0.1, 0.7])
    reconcile(scores, ("opacity", "lobar"), BASE)
    np.testing.assert_array_equal(scores, [0.1, 0.7])


def test_groups_average_their_findings_within_strata():
    labels = np.tile([1.0, 0.0], 20)
    right, wrong = labels, -labels
    tables = {
        c: make_table(s, labels, concept=c) for c, s in {"pneumonia": right, "lobar": wrong, "own": right}.items()
    }
    table = ScoresTable(pd.concat([t.rows for t in tables.values()]), tables["own"].provenance)
    groups = summarise(table, draws=20, groups=groups_of(table.concepts, BASE)).groups
    assert [(g.group, g.findings, g.concepts, g.positives) for g in groups] == [
        ("infectious", 2, ("lobar", "pneumonia"), 20),
        ("other", 1, ("own",), 20),
    ]
    assert [g.auroc_within.value for g in groups] == [0.5, 1.0]
    assert groups[1].auroc_within.interval.low == 1.0


def test_a_group_of_too_few_positives_has_no_number_but_its_counts():
    table = make_table(np.arange(12.0), np.repeat([1.0, 0.0], [2, 10]), concept="mass")
    (group,) = summarise(table, draws=20, groups={"mass": "neoplastic"}).groups
    assert (group.findings, group.concepts, group.positives) == (1, (), 0)
    assert np.isnan(group.auroc_within.value)


def test_the_children_of_the_shipped_base_are_raised():
    knowledge = KnowledgeBase.load()
    raised = reconcile(np.array([0.0, 1.0]), ("pneumonia", "viral_pneumonia"), knowledge)
    np.testing.assert_array_equal(raised, [1.0, 1.0])
    assert groups_of(["pneumonia"], knowledge) == {"pneumonia": "infectious"}

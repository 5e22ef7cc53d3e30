"""The protocol hash covers every choice that changes numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eval_fakes import make_table
from radz.metrics.protocol import protocol_hash
from radz.metrics.thresholds import fit_thresholds

CHOICES = {"strata": ("source", "view"), "draws": 1000, "seed": 0, "min_positives": 10, "uncertain": "ignore"}


def validation_thresholds(rule):
    table = make_table(np.arange(40.0), np.arange(40) % 2)
    return fit_thresholds(replace(table, provenance=replace(table.provenance, split="val")), rule)


def test_each_choice_changes_the_hash():
    changed = [
        {"strata": ("source",)},
        {"draws": 999},
        {"seed": 1},
        {"min_positives": 5},
        {"uncertain": "separate"},
        {"thresholds": validation_thresholds("f1")},
        {"thresholds": validation_thresholds("mcc")},
    ]
    hashes = [protocol_hash(**CHOICES | change) for change in [{}, *changed]]
    assert len(set(hashes)) == len(hashes)
    assert all(len(value) == 12 for value in hashes)


def test_equal_choices_have_equal_hashes():
    assert protocol_hash(**CHOICES) == protocol_hash(**CHOICES | {"strata": ["source", "view"]})

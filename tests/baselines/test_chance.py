"""Scores that know nothing."""

from __future__ import annotations

from eval_fakes import make_anchors, make_corpus
from radz import registry


def test_chance_is_uniform_and_follows_its_seed():
    plugin = registry.load("baselines", "chance")
    studies = make_corpus(500).studies
    values = plugin(0).score(studies, make_anchors()).values
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() < 1
    assert abs(values.mean() - 0.5) < 0.02  # measured 0.006; standard error 0.0065
    assert (plugin(1).score(studies, make_anchors()).values != values).all()

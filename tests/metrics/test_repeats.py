"""Folds put together and seeds averaged: what one can work out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from radz.errors import ScoresError
from radz.metrics.repeats import compare_repeats, merge_folds, summarise_repeats
from radz.metrics.scores_file import ScoresProvenance, ScoresTable, make_rows


def table(first: int, shift: float = 0.0, wrong: int = 0) -> ScoresTable:
    """Forty images of twenty patients, every second a mass; scores are wrong for ``wrong`` images of each kind."""
    label = np.arange(40) % 2
    score = label.astype(float)
    score[: 2 * wrong] = 1 - score[: 2 * wrong]
    columns = {
        "study": [f"s{first + i}" for i in range(40)],
        "patient": [f"p{(first + i) // 2}" for i in range(40)],
        "stratum": ["source=a"] * 40,
        "concept": ["mass"] * 40,
        "score": score + shift,
        "presence": np.where(label == 1, "present", "absent"),
        "note": [""] * 40,
    }
    return ScoresTable(make_rows(columns), ScoresProvenance("radz", strata=("source",)))


def folds(**changes) -> ScoresTable:
    """Two folds whose scores have nothing in common but their order."""
    return merge_folds({"1/2": table(0, **changes), "2/2": table(100, shift=50.0, **changes)})


def test_pairs_are_compared_within_a_fold():
    repeats = summarise_repeats([folds()], draws=50, groups={"mass": "neoplastic"})
    assert repeats.within.macro.value == 1
    assert (repeats.within.macro.interval.low, repeats.within.macro.interval.high) == (1, 1)
    assert (repeats.studies, repeats.patients, repeats.concepts) == (80, 40, ("mass",))
    assert repeats.within.groups["neoplastic"].value == repeats.within.findings["mass"].value == 1


def test_seeds_are_averaged_and_their_deviation_stands_apart():
    """With w wrong of n images of each kind: (n - w)^2 pairs right, w^2 wrong, the rest ties."""
    expected = [1.0, (18**2 + 2 * 18 * 2 / 2) / 20**2]
    repeats = summarise_repeats([folds(), folds(wrong=2)], draws=50)
    assert repeats.within.seeds == pytest.approx(expected)
    assert repeats.within.macro.value == pytest.approx(np.mean(expected))
    assert repeats.within.seed_sd == pytest.approx(np.std(expected, ddof=1))
    assert np.isnan(summarise_repeats([folds()], draws=50).within.seed_sd)


def test_a_paired_difference_of_the_same_scores_is_exactly_zero():
    same = compare_repeats([folds(wrong=2)] * 2, [folds(wrong=2)] * 2, draws=50)
    assert (same.within.macro.value, same.within.macro.interval.low, same.within.macro.interval.high) == (0, 0, 0)
    better = compare_repeats([folds(), folds()], [folds(wrong=4), folds(wrong=2)], draws=50)
    assert better.within.macro.value == pytest.approx(np.mean(better.within.seeds))
    assert better.within.macro.interval.low > 0


def test_what_cannot_be_put_together_is_refused():
    with pytest.raises(ScoresError, match=r"A study is in two folds.*one split of the patients"):
        merge_folds({"1/2": table(0), "2/2": table(20)})
    with pytest.raises(ScoresError, match="no folds to merge"):
        merge_folds({})
    with pytest.raises(ScoresError, match="numbers of seeds differ"):
        compare_repeats([folds()], [folds(), folds()], draws=5)
    with pytest.raises(ScoresError, match="not scored on the same studies"):
        summarise_repeats([folds(), table(0)], draws=5)

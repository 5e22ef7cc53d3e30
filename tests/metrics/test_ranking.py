"""Metrics: values one can derive, and parity with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from radz.errors import ScoresError
from radz.metrics.ranking import Ranking, auroc, average_precision, comparable_positives, within_strata_auroc

PARITY = 1e-12  # measured: at most 4e-16


def simulated(seed: int, count: int = 300, ties: bool = True):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=count)
    labels = (rng.random(count) < 0.2).astype(float)
    strata = rng.integers(4, size=count)
    return scores.round(1) if ties else scores, labels, strata


def test_perfect_reversed_and_constant_scores():
    labels = [0, 0, 1, 1]
    assert auroc([1, 2, 3, 4], labels) == 1.0
    assert auroc([4, 3, 2, 1], labels) == 0.0
    assert auroc([7, 7, 7, 7], labels) == 0.5
    assert average_precision([1, 2, 3, 4], labels) == 1.0
    assert average_precision([7, 7, 7, 7], labels) == 0.5, "one tie has the prevalence as its precision"


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scikit_learn(seed, ties):
    scores, labels, _ = simulated(seed, ties=ties)
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=PARITY)
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores), abs=PARITY)


@pytest.mark.parametrize("seed", range(3))
def test_weights_equal_repeated_studies(seed):
    scores, labels, strata = simulated(seed, 80)
    weights = np.random.default_rng(seed).integers(0, 4, size=(80, 3))
    pooled, within = Ranking.of(scores, labels), Ranking.of(scores, labels, strata)
    for r in range(3):
        rows = np.repeat(np.arange(80), weights[:, r])
        drawn = weights[:, r : r + 1].astype(float)
        assert pooled.auroc(drawn)[0] == pytest.approx(roc_auc_score(labels[rows], scores[rows]), abs=PARITY)
        expected = average_precision_score(labels[rows], scores[rows])
        assert pooled.average_precision(drawn)[0] == pytest.approx(expected, abs=PARITY)
        repeated = within_strata_auroc(scores[rows], labels[rows], strata[rows])
        assert within.auroc(drawn)[0] == pytest.approx(repeated, abs=PARITY)


def test_within_strata_by_hand():
    # a: positives 3, 1 against negatives 2, 1 -> won 2 + 0.5 of 4; b: positive 5 against 9 -> 0 of 1; c: no negative
    scores = [3, 1, 2, 1, 5, 9, 8]
    labels = [1, 1, 0, 0, 1, 0, 1]
    strata = ["a", "a", "a", "a", "b", "b", "c"]
    assert within_strata_auroc(scores, labels, strata) == pytest.approx(2.5 / 5)
    assert comparable_positives(labels, strata) == 3


@pytest.mark.parametrize("seed", range(3))
def test_within_strata_is_the_pair_weighted_mean_of_scikit_learn(seed):
    scores, labels, strata = simulated(seed)
    won = pairs = 0.0
    for s in np.unique(strata):
        here = strata == s
        count = labels[here].sum() * (1 - labels[here]).sum()
        won, pairs = won + count * roc_auc_score(labels[here], scores[here]), pairs + count
    assert within_strata_auroc(scores, labels, strata) == pytest.approx(won / pairs, abs=PARITY)


def test_one_stratum_is_pooled():
    scores, labels, _ = simulated(0)
    assert within_strata_auroc(scores, labels, [""] * len(scores)) == auroc(scores, labels)


def test_a_score_of_the_stratum_alone_is_one_half_within_and_not_pooled():
    _, _, strata = simulated(1)
    labels = (np.random.default_rng(1).random(len(strata)) < strata / 5).astype(float)
    assert within_strata_auroc(strata, labels, strata) == 0.5
    assert auroc(strata, labels) > 0.6


def test_negated_scores_give_one_minus():
    scores, labels, strata = simulated(2)
    assert auroc(-scores, labels) == pytest.approx(1 - auroc(scores, labels), abs=PARITY)
    both = [within_strata_auroc(x, labels, strata) for x in (scores, -scores)]
    assert sum(both) == pytest.approx(1, abs=PARITY)


def test_order_of_studies_does_not_matter():
    scores, labels, strata = simulated(3)
    order = np.random.default_rng(0).permutation(len(scores))
    assert auroc(scores[order], labels[order]) == auroc(scores, labels)
    shuffled = within_strata_auroc(scores[order], labels[order], strata[order])
    assert shuffled == within_strata_auroc(scores, labels, strata)


def test_unknown_labels_and_missing_scores_take_no_part():
    scores, labels, strata = simulated(4)
    more_scores, more_labels = [*scores, 9.0, np.nan], [*labels, np.nan, 1.0]
    assert auroc(more_scores, more_labels) == auroc(scores, labels)
    more = within_strata_auroc(more_scores, more_labels, [*strata, 0, 0])
    assert more == within_strata_auroc(scores, labels, strata)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], [np.nan, 1]])
def test_one_class_has_no_value(labels):
    assert np.isnan(auroc([1, 2], labels))
    assert np.isnan(average_precision([1, 2], labels))


def test_no_comparable_pair_has_no_value():
    assert np.isnan(within_strata_auroc([1, 2], [1, 0], ["a", "b"]))
    assert comparable_positives([1, 0], ["a", "b"]) == 0


@pytest.mark.parametrize(
    ("scores", "labels", "strata", "message"),
    [
        ([1, 2], [1, -1], None, r"Labels are 1 \(present\), 0 \(absent\) or NaN"),
        ([1, 2, 3], [1, 0], None, r"Scores \(3,\) and labels \(2,\)"),
        ([1, 2], [1, 0], ["a"], r"Strata \(1,\) must have one entry for each of the 2"),
    ],
)
def test_bad_input_is_refused(scores, labels, strata, message):
    with pytest.raises(ScoresError, match=message):
        Ranking.of(scores, labels, strata)

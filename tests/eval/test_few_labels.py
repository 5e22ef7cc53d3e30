"""Linear heads on fixed features, learned from shares of the patients."""

from __future__ import annotations

import numpy as np
import torch

from eval_fakes import make_anchors
from radz.eval.few_labels import LabelledFeatures, LinearHead, patients_share
from radz.types import ImageFeatures, Presence, Study


def test_shares_are_nested_and_whole_patients():
    patients = np.repeat([f"p{i}" for i in range(50)], 2)
    small, large = (patients_share(patients, percent, seed=3) for percent in (10, 30))
    assert (small.sum(), large.sum(), patients_share(patients, 100).all()) == (10, 30, True)
    assert not (small & ~large).any()
    assert (small[::2] == small[1::2]).all()
    assert (small != patients_share(patients, 10, seed=4)).any()


def test_a_head_ranks_by_the_feature_that_tells_and_ignores_films_without_label():
    labels = [Presence.PRESENT, Presence.ABSENT] * 5 + [Presence.UNCERTAIN]
    studies = [Study(f"{i}", f"p{i}", labels={"mass": label}) for i, label in enumerate(labels)]
    features = np.array([[i % 2, 0.3] for i in range(11)])
    data = LabelledFeatures.of(studies, features, ["mass"])
    assert len(data.features) == 10

    def encode(studies):
        return ImageFeatures(tuple(s.study_id for s in studies), torch.tensor(features[: len(studies)]))

    heads = [LinearHead(name, encode, data) for name in "ab"]
    first, second = (head.score(studies[:2], make_anchors(["mass"])).values for head in heads)
    assert first[0, 0] > 0 > first[1, 0]
    assert (first == second).all()
    assert heads[0].encode is heads[1].encode, "heads on the same features share one encoding"


def test_a_finding_of_one_class_is_not_learned_and_scores_nothing():
    studies = [Study(f"{i}", f"p{i}", labels={"mass": Presence.ABSENT}) for i in range(4)]
    data = LabelledFeatures.of(studies, np.arange(8.0).reshape(4, 2), ["mass"])
    head = LinearHead("a", lambda studies: None, data)
    features = ImageFeatures(("x", "y"), torch.ones(2, 2))
    assert head.unlearned == ("mass",)
    assert head.similarity(features, make_anchors(["mass"])).values.tolist() == [[0.0], [0.0]]

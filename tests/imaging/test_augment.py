"""Sentences from labels and augmentation: functions of (seed, epoch, study), true to what they are given."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import affine

from radz.anchors.names import denial
from radz.anchors.rules import denials, statements
from radz.data.loader import PairSampler, label_matrix
from radz.imaging.augment import _sources, augment
from radz.knowledge import KnowledgeBase
from radz.text import synthesis as sentences
from radz.text.synthesis import write_report
from radz.types import NORMAL, Presence, Study

KNOWLEDGE = KnowledgeBase.load()
NAMES = {c: KNOWLEDGE[c].names for c in ("effusion", "mass", "nodule", NORMAL)}
P, A = Presence.PRESENT, Presence.ABSENT
SICK = Study("s", "p", labels={"effusion": P, "mass": P, "nodule": A, NORMAL: A})
HEALTHY = Study("h", "q", labels={"effusion": A, "mass": A, "nodule": A, NORMAL: P})


def written(study, policy="varied", variants=8, seed=0, epochs=60):
    return [
        write_report(study, NAMES, policy=policy, variants=variants, seed=seed, epoch=epoch) for epoch in range(epochs)
    ]


def test_every_present_finding_is_named_under_one_of_its_names():
    for text in written(SICK):
        assert any(name.lower() in text.lower() for name in NAMES["effusion"])
        assert any(name.lower() in text.lower() for name in NAMES["mass"])


def test_only_what_is_absent_is_denied_and_only_where_the_policy_says_so():
    assert any("nodule" in text for text in written(SICK))
    assert not any("nodule" in text for text in written(SICK, "positives"))
    denied = [text.split(". ")[-1] for text in written(SICK) if "nodule" in text]
    assert not any("mass" in text or "effusion" in text for text in denied)


def test_a_normal_film_is_called_normal_and_an_unlabelled_one_nothing():
    assert set(written(HEALTHY)) <= set(sentences.NORMAL_TEXT)
    assert set(written(Study("u", "r"))) == {sentences.UNLABELLED_TEXT}


def test_texts_repeat_exactly_and_vary_with_seed_and_epoch():
    assert written(SICK) == written(SICK)
    assert written(SICK) != written(SICK, seed=1)
    assert len(set(written(SICK))) > 5
    assert len(set(written(HEALTHY, variants=2))) == 2


def test_no_corpus_label_stands_in_a_sentence():
    study = Study("s", "p", labels={"pleural_thickening": P})
    names = {"pleural_thickening": KNOWLEDGE["pleural_thickening"].names}
    assert not any(
        "_" in write_report(study, names, policy="positives", variants=8, seed=0, epoch=epoch) for epoch in range(40)
    )


def test_evaluation_templates_are_held_out_from_training():
    training = {t.format(findings="pleural effusion").lower() for t in (*sentences.POSITIVE, *sentences.NEGATIVE)}
    concept = KNOWLEDGE["effusion"]
    prompts = {text.lower() for text in (*statements(concept), *denials(concept), denial(concept))}
    assert not training & prompts
    assert not any("there is" in text.lower() for text in (*training, *sentences.NORMAL_TEXT))


def test_films_are_moved_to_where_torchvision_moves_them():
    rng = np.random.default_rng(0)
    for _ in range(20):
        height, width = rng.integers(40, 330, 2).tolist()
        film = torch.from_numpy(rng.random((1, height, width), dtype=np.float32))
        angle, scale, shift = rng.uniform(-7, 7), rng.uniform(0.9, 1.1), rng.uniform(-9, 9, 2).tolist()
        theirs = affine(film, angle, shift, scale, [0.0], interpolation=InterpolationMode.BILINEAR)
        grid = _sources(height, width, math.radians(angle), shift, scale)
        ours = grid_sample(film[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
        assert (ours - theirs).abs().max() < 2e-4, "measured 5e-5, on noise, where neighbours differ most"


def test_an_augmented_film_is_a_film_and_repeats_exactly():
    film = np.random.default_rng(0).random((1, 40, 30), dtype=np.float32)
    moved = augment(film, epoch=1, index=2)
    assert moved.shape == film.shape
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 1
    assert np.array_equal(moved, augment(film, 1, 2))
    assert not np.array_equal(moved, augment(film, 2, 2))


def test_left_stays_left_unless_the_policy_says_otherwise():
    film = np.zeros((1, 64, 64), dtype=np.float32)
    film[:, 24:40, 4:16] = 1  # a marker on the image's left

    def sides(flip):
        return {
            bool(f[..., :32].sum() > f[..., 32:].sum()) for f in (augment(film, e, 0, flip=flip) for e in range(30))
        }

    assert sides("never") == {True}
    assert sides("half") == {True, False}


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

"""Attention pooling: weights by hand, the mean as its start, one forward for any number of concepts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from loss_fakes import Inputs, unit
from loss_fakes import pairs as rows_of
from model_fakes import ROUNDING, TEXTS, image_batch, random_images
from radz.config import LossConfig, ReadoutConfig, build_config
from radz.explain.attention import concept_maps
from radz.knowledge import KnowledgeBase
from radz.losses.consistency import Consistency
from radz.losses.knowledge import Knowledge
from radz.model import attention
from radz.model.attention import attend, image_similarity
from radz.model.checkpoint import learned_state, load_checkpoint, save_checkpoint
from radz.model.encoder import Encoder
from radz.provenance import Provenance
from radz.types import ALIGNED_PAIRS, Anchors, Features, Study
from tiny import tiny_model

ATTENTION = {"pooling": "attention"}
GRANULARITIES = tuple(ALIGNED_PAIRS)


@pytest.fixture
def model(llava_dir):
    return tiny_model(llava_dir, readout=ATTENTION)


def turn(model, size=1.0):
    """Queries off their start of zero."""
    for query in model.readout.queries.values():
        query.data = size * unit(*query.shape, seed=4)


def random_anchors(width, count=3, seed=2, negative=True):
    ids = tuple(c.id for c in KnowledgeBase.load())[1 : count + 1]
    return Anchors(ids, unit(count, width, seed=seed), unit(count, width, seed=9) if negative else None, (), "test")


def values(encoder, images, anchors):
    """Scores (B, C) of images."""
    return encoder.score([Study(str(i), "p", pixels=image) for i, image in enumerate(images)], anchors).values


def test_weights_by_hand():
    """Cosines 1 and 0 at temperature 0.5: weights e² and 1 over their sum, whatever the positions' lengths."""
    positions = torch.tensor([[[3.0, 0.0], [0.0, 0.5]]])
    weights = attend(positions, torch.tensor([[1.0, 0.0]]), temperature=0.5)
    expected = torch.tensor([math.exp(2), 1.0]) / (math.exp(2) + 1)
    torch.testing.assert_close(weights, expected.view(1, 1, 2))


def test_zero_query_counts_every_position_alike_and_no_padding():
    mask = torch.tensor([[True, True, False], [False, False, False]])
    weights = attend(unit(2, 3, 4), torch.zeros(1, 4), 0.1, mask)
    assert weights[:, 0].tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]


@torch.no_grad()
def test_neither_padding_nor_neighbours_matter(model):
    turn(model, 3.0)
    together = model(texts=model.processor.text_prompt(TEXTS)).text_local
    alone = model(texts=model.processor.text_prompt(TEXTS[1:2])).text_local
    torch.testing.assert_close(together[1:2], alone, atol=ROUNDING, rtol=0)
    model.processor.padding_side = "left"
    left = model(texts=model.processor.text_prompt(TEXTS)).text_local
    torch.testing.assert_close(left, together, atol=ROUNDING, rtol=0)
    scorer, anchors = Encoder(model), random_anchors(16)
    shown = random_images(3)
    one = np.concatenate([values(scorer, [image], anchors) for image in shown])
    np.testing.assert_allclose(values(scorer, shown, anchors), one, atol=ROUNDING, rtol=0)


def planted(granularity, place=2):
    """Positions at right angles; the anchor of concept 0 points to one of them, as do all its parts."""
    count, eye = len(ALIGNED_PAIRS[granularity]), torch.eye(4)
    rows = torch.stack([eye[place], -eye[place]]).repeat(1, count) / math.sqrt(count)
    return eye.unsqueeze(0), rows


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_a_planted_position_wins_the_map_and_the_score(granularity):
    """Cosines 1, 0, 0, 0 at temperature 0.1: weight e¹⁰ / (e¹⁰ + 3). The opposite anchor looks everywhere else."""
    positions, rows = planted(granularity)
    maps = concept_maps(positions, rows, granularity, 0.1)
    torch.testing.assert_close(maps.sum(-1), torch.ones(1, 2))
    assert float(maps[0, 0, 2]) == pytest.approx(math.exp(10) / (math.exp(10) + 3), abs=1e-6)
    assert float(maps[0, 1, 2]) == pytest.approx(math.exp(-10) / (math.exp(-10) + 3), abs=1e-6)
    here = torch.eye(4)[2:3]
    features = Features(image_global=here, image_local=F.normalize(torch.ones(1, 4)), image_positions=positions)
    scores = image_similarity(features, rows, granularity, 0.1)
    assert float(scores[0, 0]) == pytest.approx(1.0, abs=1e-6)
    pooled = Features(image_global=features.image_global, image_local=features.image_local)
    assert float(scores[0, 0]) > float(image_similarity(pooled, rows, granularity, 0.1)[0, 0]) + 0.2


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_positions_that_are_all_alike_score_as_their_mean_does(granularity):
    x, y = unit(3, 4), unit(3, 4, seed=1)
    rows = unit(5, 4 * len(ALIGNED_PAIRS[granularity]), seed=2)
    features = Features(image_global=x, image_local=y, image_positions=2 * y.unsqueeze(1).expand(-1, 6, -1))
    mean = Features(image_global=x, image_local=y)
    ours, theirs = (image_similarity(f, rows, granularity, 0.1) for f in (features, mean))
    torch.testing.assert_close(ours, theirs, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@torch.no_grad()
def test_scores_by_hand_and_whatever_the_chunk(llava_dir, granularity, monkeypatch):
    model = tiny_model(llava_dir, readout={**ATTENTION, "granularity": granularity, "attention_temperature": 0.5})
    scorer, pairs = Encoder(model), ALIGNED_PAIRS[granularity]
    anchors = random_anchors(8 * len(pairs), count=5)
    whole = values(scorer, random_images(2), anchors)
    monkeypatch.setattr(attention, "CHUNK", 2)
    np.testing.assert_allclose(values(scorer, random_images(2), anchors), whole, atol=ROUNDING, rtol=0)

    features = model(image_batch(model, random_images(2)))
    for b, c in ((0, 0), (1, 4)):
        value = 0.0
        for sign, side in ((1, anchors.positive), (-1, anchors.negative)):
            for (name, _), part in zip(pairs, side[c].chunk(len(pairs)), strict=True):
                image = getattr(features, name)[b]
                if name == "image_local":
                    each = features.image_positions[b]
                    weights = torch.softmax(F.normalize(each, dim=1) @ F.normalize(part, dim=0) / 0.5, dim=0)
                    image = F.normalize((weights.unsqueeze(1) * each).sum(0), dim=0)
                value += sign * float(image @ part) / math.sqrt(len(pairs))
        assert whole[b, c] == pytest.approx(value, abs=1e-5)  # measured: 7.6e-8


def test_losses_compare_images_as_scoring_does():
    x, text, each, rows = unit(3, 4), unit(3, 4, seed=1), unit(3, 5, 4, seed=3), unit(3, 8, seed=2)
    features = Features(x, x, text, text, image_positions=each)
    readout, loss = ReadoutConfig(granularity="same", pooling="attention"), build_config(LossConfig, {})
    given, labels = Anchors(("a", "b", "c"), rows, None, (), "test"), torch.eye(3)
    logits = image_similarity(features, rows, "same", 0.1) / 0.07
    image_only = Features(x, x, image_positions=each)
    value = Knowledge(loss, readout)(Inputs(image_only, rows_of(labels.tolist()), given))["knowledge"]
    expected = (F.cross_entropy(logits, torch.arange(3)) + F.cross_entropy(logits.T, torch.arange(3))) / 2
    torch.testing.assert_close(value, expected)
    same, other = (Inputs(image_only, rows_of(3), given, view) for view in (image_only, Features(x, x)))
    assert float(Consistency(loss, readout)(same)["consistency"]) == 0
    assert float(Consistency(loss, readout)(other)["consistency"]) > 0


@torch.no_grad()
def test_a_saved_model_loads_to_the_same_maps_and_scores(model, tmp_path):
    turn(model)
    save_checkpoint(model, tmp_path / "c", Provenance(corpus="none", split="train"))
    loaded, _ = load_checkpoint(tmp_path / "c")
    assert "readout.queries.image" in learned_state(loaded)
    anchors, one, two = random_anchors(16), Encoder(model), Encoder(loaded)
    assert np.array_equal(values(one, random_images(2), anchors), values(two, random_images(2), anchors))
    texts = model.processor.text_prompt(TEXTS)
    assert torch.equal(model(texts=texts).text_local, loaded(texts=texts).text_local)

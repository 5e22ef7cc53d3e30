"""Pooling, standardisation and heads."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from batches import pair_batch
from loss_fakes import unit
from model_fakes import ROUNDING, TEXTS, image_batch, random_images
from radz.model.build import freeze, part_of
from radz.model.readout import Head, gather_local, pool_mean
from radz.training.standardization import fit_standardization
from tiny import tiny_model

ATTENTION = {"pooling": "attention"}


@pytest.fixture
def model(llava_dir):
    return tiny_model(llava_dir, readout=ATTENTION)


def turn(model, size=1.0):
    """Queries off their start of zero."""
    for query in model.readout.queries.values():
        query.data = size * unit(*query.shape, seed=4)


def test_local_positions_keep_their_order_and_their_padding():
    states = torch.arange(8.0).view(2, 4, 1)
    mask = torch.tensor([[False, True, False, True], [True, False, False, False]])
    each, counts = gather_local(states, mask)
    assert each[0, :, 0].tolist() == [1.0, 3.0]
    assert each[1, 0, 0] == 4.0
    assert counts.tolist() == [[True, True], [True, False]]


@torch.no_grad()
def test_the_start_is_mean_pooling_of_projected_positions(model):
    features = model(image_batch(model, random_images(2)))
    torch.testing.assert_close(features.image_local, F.normalize(features.image_positions.mean(1), dim=-1))
    turn(model)
    assert not torch.allclose(model(image_batch(model, random_images(2))).image_local, features.image_local, atol=1e-3)


@torch.no_grad()
def test_the_start_equals_a_model_that_pools_by_the_mean(llava_dir, model):
    mean, texts = tiny_model(llava_dir), ["", *TEXTS]
    text = model.processor.text_prompt(texts)
    for given in ({"images": image_batch(model, random_images(2))}, {"texts": text}):
        ours, theirs = model(**given), mean(**given)
        for name in ("image_global", "image_local", "image_tokens", "text_global", "text_local", "text_tokens"):
            if (feature := getattr(theirs, name)) is not None:
                torch.testing.assert_close(getattr(ours, name), feature, atol=ROUNDING, rtol=0)
    assert mean(image_batch(mean, random_images(1))).image_positions is None
    assert mean.readout.queries is None


@pytest.mark.parametrize("modality", ["image", "text"])
def test_gradients_reach_the_query_and_it_is_a_part_of_the_heads(model, modality):
    freeze(model, ("heads",))
    if modality == "text":
        features = model(texts=model.processor.text_prompt(TEXTS))
    else:
        features = model(image_batch(model, random_images(2)))
    getattr(features, f"{modality}_local")[:, 0].sum().backward()
    assert model.readout.queries[modality].grad.abs().sum() > 0
    assert part_of(f"readout.queries.{modality}") == "heads"


def test_statistics_are_those_of_single_positions(model):
    batch = pair_batch(model.processor, model.processor.pixel_values(random_images(3)), TEXTS)
    with torch.no_grad():
        image, text = model.read_image(batch.images), model.read_text(batch.texts.prompt)
    fit_standardization(model, [batch])
    assert len(image.local_rows) == 3 * 4
    assert len(text.local_rows) == int(batch.texts.prompt.local.sum())
    torch.testing.assert_close(model.readout.heads["image_local"].mean, image.local_rows.mean(0))
    torch.testing.assert_close(model.readout.heads["image_global"].mean, image.whole.mean(0))


def test_the_mean_over_no_position_is_zero():
    states = torch.arange(6.0).view(2, 3, 1)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    assert pool_mean(states, mask).tolist() == [[1.0], [0.0]]


def test_a_head_standardises_projects_and_normalises():
    states = torch.tensor([[0.0, 10.0], [2.0, 30.0]])
    head = Head(2, None)
    head.fit_standardization(states)
    torch.testing.assert_close(head(states), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2))


def test_a_dimension_that_never_varies_stays_finite():
    head = Head(2, None)
    head.fit_standardization(torch.ones(4, 2))
    assert torch.isfinite(head(torch.ones(1, 2))).all()


@torch.no_grad()
def test_without_tokens_the_pooled_positions_are_the_whole(llava_dir):
    model = tiny_model(llava_dir, tokens={"count": 0})
    states = model.read_text(model.processor.text_prompt(TEXTS))
    assert torch.equal(states.whole, states.local)

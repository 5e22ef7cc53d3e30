"""Losses from values one can derive, and the contract that every loss file keeps."""

from __future__ import annotations

import inspect
import math

import pytest
import torch
from torch.nn import functional as F

from radz import registry
from radz.config import LossConfig, ReadoutConfig, build_config
from radz.errors import ConfigError
from radz.losses.alignment import Alignment, jaccard, nce, relations
from radz.train.loss_inputs import needs
from radz.types import Anchors, Batch, Features, Prompt

NAMES = ("image_global", "image_local", "text_global", "text_local")


def features(count: int, dim: int = 6, seed: int = 0, dtype=torch.float32) -> Features:
    generator = torch.Generator().manual_seed(seed)
    rows = {n: F.normalize(torch.randn(count, dim, generator=generator), dim=1).to(dtype) for n in NAMES}
    tokens = F.normalize(torch.randn(count, 3, dim, generator=generator), dim=2).to(dtype)
    return Features(**rows, image_tokens=tokens, text_tokens=tokens)


def anchors(count: int = 3, width: int = 12) -> Anchors:
    rows = F.normalize(torch.randn(count, width, generator=torch.Generator().manual_seed(3)), dim=1)
    return Anchors(tuple("abc"[:count]), rows, None, ((),) * count, "test")


def batch(count: int, labels=None, text_index=None) -> Batch:
    ids = torch.zeros(count, 1, dtype=torch.long)
    return Batch(
        image_prompt=Prompt(ids, ids, ids, ids.bool()),
        labels=None if labels is None else torch.tensor(labels, dtype=torch.float32),
        text_index=None if text_index is None else torch.tensor(text_index),
    )


def loss_of(found: Features, given: Batch, granularity: str = "same", **settings) -> float:
    config = build_config(LossConfig, settings)
    module = registry.load("losses", "alignment")(config, ReadoutConfig(granularity=granularity))
    return float(module(found, given)["alignment"])


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("granularity", ["same", "cross", "both"])
def test_equal_embeddings_give_log_of_the_batch(count, granularity):
    same = Features(*(torch.eye(3)[:1].expand(count, -1) for _ in NAMES))
    assert loss_of(same, batch(count), granularity) == pytest.approx(math.log(count), abs=1e-5)


def test_nce_by_hand():
    """Two pairs at right angles, tau = 0.5: every row is -log(e² / (e² + 1)) = log(1 + e⁻²)."""
    eye = Features(*(torch.eye(2) for _ in NAMES))
    assert loss_of(eye, batch(2), temperature=0.5) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_same_as_open_contrast_of_rows_and_columns():
    found = features(4)
    logits = found.image_global @ found.text_local.T / 0.07
    other = found.image_local @ found.text_global.T / 0.07
    target = torch.arange(4)
    expected = sum(F.cross_entropy(x, target) + F.cross_entropy(x.T, target) for x in (logits, other)) / 4
    assert loss_of(found, batch(4), "cross") == pytest.approx(float(expected), abs=1e-5)


def test_swapping_image_and_text_changes_nothing():
    found = features(5)
    swapped = Features(found.text_global, found.text_local, found.image_global, found.image_local)
    for granularity in ("same", "cross"):
        assert loss_of(found, batch(5), granularity) == pytest.approx(loss_of(swapped, batch(5), granularity), abs=1e-6)


LABELS = [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_equal_label_sets_are_positives_and_overlaps_are_masked():
    targets, keep = relations(batch(4, LABELS, [0, 1, 2, 3]), "mask")
    assert targets.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert keep.int().tolist() == [[1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]]


def test_overlaps_weigh_by_jaccard():
    targets, keep = relations(batch(4, LABELS, [0, 1, 2, 3]), "jaccard")
    assert targets.tolist() == [[1, 1, 0.5, 0], [1, 1, 0.5, 0], [0.5, 0.5, 1, 0], [0, 0, 0, 1]]
    assert keep.all()


def test_the_same_text_is_a_positive_and_a_masked_pair_counts_for_nothing():
    targets, _ = relations(batch(3, None, [0, 1, 0]), "mask")
    assert targets.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    logits = torch.tensor([[1.0, 9.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], requires_grad=True)
    keep = torch.ones(3, 3, dtype=torch.bool)
    keep[0, 1] = False
    value = nce(logits, torch.eye(3), keep)
    value.backward()
    assert logits.grad[0, 1] == 0
    rows = [math.log(1 + math.exp(-1)), math.log(1 + 2 * math.exp(-1)), math.log(1 + 2 * math.exp(-1))]
    assert float(value.detach()) == pytest.approx(sum(rows) / 3, abs=1e-6)


def test_jaccard_of_sets():
    sets = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=torch.bool)
    expected = torch.tensor([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]])
    torch.testing.assert_close(jaccard(sets), expected)


def test_a_learned_temperature_gets_a_gradient():
    config = build_config(LossConfig, {"learn_temperature": True})
    module = Alignment(config, ReadoutConfig())
    module(features(4), batch(4))["alignment"].backward()
    assert module.log_scale.grad.abs() > 0


@pytest.mark.parametrize("weights", [{}, {"alignment": 0.0}, {"alignment": -1.0}])
def test_a_loss_without_weight_is_an_error(weights):
    with pytest.raises(ConfigError, match="every loss needs a weight above 0"):
        build_config(LossConfig, {"weights": weights})


@pytest.fixture(params=registry.names("losses"))
def contract(request):
    plugin = registry.load("losses", request.param)
    return request.param, plugin(build_config(LossConfig, {"weights": {request.param: 1.0}}), ReadoutConfig())


def guidance(module, order) -> dict:
    """What a loss asks for besides features and batch: three concepts, the second a child of the first."""
    offered = {
        "anchors": anchors(),
        "second_view": features(max(order) + 1, seed=7),
        "hierarchy": torch.tensor([[1, 0, 2]]),
        "drift": torch.tensor(0.25),
        "captions": torch.arange(1.0, max(order) + 2)[order],
    }
    second = offered["second_view"]
    offered["second_view"] = Features(**{n: getattr(second, n)[order] for n in NAMES})
    return {name: offered[name] for name in needs(module)}


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_contract_named_scalar_finite_at_any_size(contract, count, dtype):
    name, module = contract
    found = features(count, dtype=dtype)
    given = guidance(module, list(range(count)))
    terms = module(found, batch(count, [[1, 0, float("nan")]] * count, list(range(count))), **given)
    assert set(terms) == {name}
    assert terms[name].dtype == torch.float32
    assert terms[name].shape == ()
    assert torch.isfinite(terms[name])


def test_contract_order_of_studies_does_not_matter(contract):
    name, module = contract
    order = [2, 0, 3, 1]
    found = features(4)
    shuffled = Features(**{n: getattr(found, n)[order] for n in (*NAMES, "image_tokens", "text_tokens")})
    one = module(found, batch(4, LABELS, [0, 1, 2, 3]), **guidance(module, [0, 1, 2, 3]))[name]
    two = module(shuffled, batch(4, [LABELS[i] for i in order], [0, 1, 2, 3]), **guidance(module, order))[name]
    assert float(one) == pytest.approx(float(two), abs=1e-6)


def test_every_loss_says_what_it_takes():
    for name in registry.names("losses"):
        assert list(inspect.signature(registry.load("losses", name).forward).parameters)[:3] == [
            "self",
            "features",
            "batch",
        ]

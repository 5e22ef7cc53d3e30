"""Cached gradients: a batch in chunks has the loss and the gradients of the whole batch."""

from __future__ import annotations

import pytest
import torch

from batches import pair_batch
from radz.config import LossConfig, TrainedAnchorsConfig, build_config
from radz.model.build import add_anchors, freeze
from radz.training import grad_cache
from radz.training.task import AlignmentTask
from radz.types import Features, PairBatch
from tiny import tiny_model

CONCEPTS = ("pneumonia", "viral_pneumonia", "mass")
WEIGHTS = {"alignment": 1.0, "knowledge": 0.5, "consistency": 0.1, "regularization": 0.1}
TEXTS = ["There is a mass.", "Pneumonia.", "The film shows atelectasis and pneumonia, and no nodule.", "Clear lungs."]
PARTS = ("tower", "projector", "lora", "tokens", "heads", "anchors")


def task_of(llava_dir, chunk_size, dropout, side="right", pooling="attention"):
    settings = {"lora": {"r": 2, "dropout": dropout}, "projector_dropout": dropout, "tokens": {"design": "adaptive"}}
    model = tiny_model(llava_dir, readout={"dim": 8, "pooling": pooling, "granularity": "both"}, **settings)
    add_anchors(model, TrainedAnchorsConfig(strategy="hybrid", concepts=CONCEPTS))
    freeze(model, PARTS)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():  # fresh adapters, gates and residuals are zero and hide mistakes
            if parameter.requires_grad:
                parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    model.processor.padding_side = side
    loss = build_config(LossConfig, {"weights": WEIGHTS, "learn_temperature": True})
    return AlignmentTask(model, loss, CONCEPTS, model.anchors, chunk_size=chunk_size).train()


def batch_of(task, cached: bool) -> PairBatch:
    """Seven films and seven reports of four texts, two augmentations of each film."""
    model, generator = task.model, torch.Generator().manual_seed(2)
    pixels = [torch.randn(7, 3, 28, 28, generator=generator) for _ in range(2)]
    with torch.no_grad():
        first, second = (model.tower_states(p) if cached else p for p in pixels)
    labels = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1], [float("nan"), 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]])
    return pair_batch(
        model.processor, first, TEXTS, [1, 2, 0, 3, 3, 0, 2], labels=labels.float(), second_view=second, encoded=cached
    )


def gradients(task, batch) -> tuple[float, dict[str, torch.Tensor]]:
    torch.manual_seed(11)
    terms = task(batch)
    terms["loss"].backward()
    return terms["loss"].item(), {n: p.grad for n, p in task.named_parameters() if p.grad is not None}


def largest_error(one, two) -> float:
    """Of any gradient, relative to its tensor's largest entry; gradients that are zero on paper count as rounding."""
    assert one.keys() == two.keys()
    assert len(one) > 40
    floor = 1e-4 * max(float(g.abs().max()) for g in one.values())
    return max(float((one[n] - two[n]).abs().max() / one[n].abs().max().clamp(min=floor)) for n in one)


@pytest.mark.parametrize(("side", "pooling"), [("right", "attention"), ("left", "mean")])
@pytest.mark.parametrize("cached", [False, True])
def test_chunks_have_the_gradients_of_the_whole_batch(llava_dir, cached, side, pooling):
    whole = task_of(llava_dir, None, 0.0, side, pooling)
    pieces = task_of(llava_dir, 3, 0.0, side, pooling)
    loss, expected = gradients(whole, batch_of(whole, cached))
    chunked_loss, got = gradients(pieces, batch_of(pieces, cached))
    assert chunked_loss == pytest.approx(loss, abs=1e-5)  # measured: 5e-7
    assert largest_error(expected, got) < 5e-5  # measured: at most 7.3e-6


@pytest.mark.parametrize("cached", [False, True])
def test_dropout_is_replayed(llava_dir, cached, monkeypatch):
    """Against the same chunks with their activations kept, whose masks are drawn in the same order."""
    pieces = task_of(llava_dir, 3, 0.3)
    batch = batch_of(pieces, cached)
    loss, got = gradients(pieces, batch)
    monkeypatch.setattr(grad_cache, "checkpoint", lambda run, *args, use_reentrant: run(*args))
    plain = task_of(llava_dir, 3, 0.3)
    expected_loss, expected = gradients(plain, batch)
    assert loss == expected_loss
    assert largest_error(expected, got) < 1e-5
    dry = task_of(llava_dir, 3, 0.0)
    assert abs(gradients(dry, batch)[0] - loss) > 1e-3  # dropout was on


def test_activations_of_one_chunk_are_held(llava_dir):
    """What the graph saves between forward and backward does not grow with the decoder's activations."""
    held = {}
    for size in (None, 1):
        task = task_of(llava_dir, size, 0.0, pooling="mean")
        batch, saved = batch_of(task, True), []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, into=saved: into.append(t.numel()) or t, lambda t: t):
            task.inputs.encode(batch.images, batch.texts.prompt)
        held[size] = sum(saved)
    assert held[1] < held[None] / 20


def test_texts_go_with_others_of_like_length():
    assert grad_cache.alike([12] * 30) == [30]
    assert grad_cache.alike([10, 11, 12, 70]) == [4]  # a pass costs more than this padding
    assert grad_cache.alike([10] * 30 + [100] * 10) == [30, 10]
    lengths = sorted(torch.randint(8, 200, (60,), generator=torch.Generator().manual_seed(0)).tolist())
    sizes = grad_cache.alike(lengths)
    parts = torch.tensor(lengths).split(sizes)
    assert 1 < len(parts) < 10
    assert sum(len(part) * int(part.max()) for part in parts) < 60 * max(lengths) * 0.8


def test_groups_of_texts_have_the_gradients_of_one(llava_dir, monkeypatch):
    together = task_of(llava_dir, None, 0.0)
    loss, expected = gradients(together, batch_of(together, True))
    monkeypatch.setattr(grad_cache, "PASS", 0)
    apart = task_of(llava_dir, None, 0.0)
    batch = batch_of(apart, True)
    passes = []
    handle = apart.model.register_forward_hook(
        lambda module, args, named, features: passes.append(named.get("texts")), with_kwargs=True
    )
    grouped_loss, got = gradients(apart, batch)
    handle.remove()
    assert len([prompt for prompt in passes if prompt is not None]) > 4
    assert grouped_loss == pytest.approx(loss, abs=1e-5)
    assert largest_error(expected, got) < 5e-5


def test_every_feature_belongs_to_a_side():
    assert {name for side in grad_cache.SIDES.values() for name in side} == set(Features.__slots__)

"""Loss inputs: computed when first read, once, and not otherwise."""

from __future__ import annotations

import pytest
import torch

from batches import pair_batch
from radz.anchors.names import names
from radz.config import LossConfig, build_config
from radz.knowledge import KnowledgeBase
from radz.model.build import freeze
from radz.training import loss_inputs
from radz.training.loss_inputs import LossInputSource, hierarchy_rows
from radz.training.task import AlignmentTask
from tiny import tiny_model

TEXTS = ["There is a mass.", "Clear lungs."]


@pytest.fixture
def model(llava_dir):
    return tiny_model(llava_dir)


def batch_of(model, count=2):
    values = torch.randn(count, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    return pair_batch(model.processor, values, TEXTS, second_view=values + 1, labels=torch.eye(count))


class Watch:
    """Counts the model's passes over images and texts, and the captioners that are loaded."""

    def __init__(self, model, monkeypatch) -> None:
        self.images = self.texts = self.captioners = 0
        model.register_forward_pre_hook(self._forward, with_kwargs=True)
        load = loss_inputs.Captioner

        def captioner(*args):
            self.captioners += 1
            return load(*args)

        monkeypatch.setattr(loss_inputs, "Captioner", captioner)

    def _forward(self, module, args, named) -> None:
        self.images += named.get("images") is not None
        self.texts += named.get("texts") is not None

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.images, self.texts, self.captioners


def test_each_part_is_computed_when_first_read_and_once(model, monkeypatch):
    watch = Watch(model, monkeypatch)
    inputs = LossInputSource(model, ["mass", "effusion"], names)(batch_of(model))
    assert watch.counts == (0, 0, 0)
    assert inputs.rows.labels.shape == (2, 2)
    assert inputs.hierarchy.shape == (0, 3)
    assert inputs.drift == 0
    assert watch.counts == (0, 0, 0)
    for expected, name in [((0, 1, 0), "anchors"), ((1, 2, 0), "features"), ((2, 2, 0), "second_view"),
                           ((2, 2, 1), "captions")]:  # fmt: skip
        assert getattr(inputs, name) is getattr(inputs, name)
        assert watch.counts == expected


def test_captioning_alone_encodes_no_features(model, monkeypatch):
    watch = Watch(model, monkeypatch)
    task = AlignmentTask(model, build_config(LossConfig, {"weights": {"captioning": 1.0}}))
    terms = task(batch_of(model))
    assert terms["captioning"] > 0
    assert watch.counts == (0, 0, 1)
    task(batch_of(model))
    assert watch.counts == (0, 0, 1)  # the decoder is loaded once


def test_loading_the_captioner_draws_no_random_numbers(model):
    before = torch.get_rng_state()
    LossInputSource(model, [], names)(batch_of(model)).captions  # noqa: B018
    assert torch.equal(torch.get_rng_state(), before)


def test_drift_counts_what_moved(model):
    freeze(model, ())
    assert LossInputSource(model, [], names)(batch_of(model)).drift == 0  # nothing trains
    freeze(model, ("tokens",))
    source = LossInputSource(model, [], names)
    assert source(batch_of(model)).drift == 0
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.mul_(1.1)
    torch.testing.assert_close(source(batch_of(model)).drift, torch.tensor(0.01))


def test_reports_that_share_a_text_share_its_features(model):
    values = torch.randn(3, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    batch = pair_batch(model.processor, values, TEXTS, [1, 0, 1])
    features = LossInputSource(model, [], names)(batch).features
    expected = model(texts=model.processor.text_prompt(TEXTS)).text_global[[1, 0, 1]]
    torch.testing.assert_close(features.text_global, expected)
    assert len(features.image_global) == 3


def test_hierarchy_lists_every_child_with_its_ancestors_and_unrelated_concepts():
    knowledge = KnowledgeBase.load()
    ids = ["pneumonia", "covid_19", "bacterial_pneumonia", "mass"]
    rows = hierarchy_rows([knowledge[i] for i in ids], knowledge)
    assert rows.tolist() == [[1, 0, 3], [2, 0, 3]]
    assert hierarchy_rows([knowledge["mass"]], knowledge).shape == (0, 3)

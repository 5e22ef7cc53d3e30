"""A model under its losses: named terms, weights, and what of it trains."""

from __future__ import annotations

import pytest
import torch

from batches import pair_batch
from radz.config import LossConfig, build_config
from radz.errors import ConfigError
from radz.model.build import freeze
from radz.training.task import AlignmentTask, TowerTask
from tiny import tiny_model

NAN = float("nan")


def task_of(llava_dir, weights, **settings) -> AlignmentTask:
    return AlignmentTask(tiny_model(llava_dir), build_config(LossConfig, {"weights": weights, **settings}), ["mass"])


def batch_of(model):
    values = torch.randn(2, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    return pair_batch(model.processor, values, ["A mass.", "Normal."], labels=torch.tensor([[1.0], [0.0]]))


def test_the_loss_is_the_weighted_sum_of_its_terms(llava_dir):
    task = task_of(llava_dir, {"alignment": 2.0, "knowledge": 0.5})
    terms = task(batch_of(task.model))
    assert [*terms] == ["alignment", "knowledge", "loss"]
    torch.testing.assert_close(terms["loss"], 2 * terms["alignment"] + 0.5 * terms["knowledge"])


def test_a_term_without_a_weight_is_refused(llava_dir):
    task = task_of(llava_dir, {"alignment": 1.0})
    task.losses["alignment"].forward = lambda inputs: {"other": torch.zeros(())}
    with pytest.raises(ConfigError, match=r"Loss terms \['other'\] and weights .* differ: every term needs one weight"):
        task(batch_of(task.model))


def test_parameters_are_grouped_by_part_and_the_losses_go_with_the_heads(llava_dir):
    task = task_of(llava_dir, {"alignment": 1.0}, learn_temperature=True)
    freeze(task.model, ("projector", "heads"))
    groups = task.rate_groups()
    assert set(groups) == {"projector", "heads"}
    assert any(p is task.losses["alignment"].log_scale for p in groups["heads"])
    trainable = [p for p in task.parameters() if p.requires_grad]
    assert sum(map(len, groups.values())) == len(trainable)


def test_the_learned_state_comes_back_with_the_temperature(llava_dir):
    one, two = (task_of(llava_dir, {"alignment": 1.0}, learn_temperature=True) for _ in range(2))
    with torch.no_grad():
        one.losses["alignment"].log_scale.fill_(1.5)
        one.model.projector.linear_1.weight.fill_(0.25)
    two.load_learned_state(one.learned_state())
    assert two.losses["alignment"].log_scale.item() == 1.5
    assert (two.model.projector.linear_1.weight == 0.25).all()


def test_the_warm_up_reads_known_labels_only(llava_dir):
    task = TowerTask(tiny_model(llava_dir), 2).eval()
    values = torch.randn(2, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    batch = pair_batch(task.radz.processor, values, ["a", "b"], labels=torch.tensor([[1.0, NAN], [NAN, 0.0]]))
    logits = task.logits(values)
    expected = (torch.nn.functional.softplus(-logits[0, 0]) + torch.nn.functional.softplus(logits[1, 1])) / 2
    torch.testing.assert_close(task(batch)["loss"], expected)


def test_the_tower_computes_in_bfloat16_and_its_head_in_float32(llava_dir):
    values = torch.randn(2, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    whole = TowerTask(tiny_model(llava_dir), 2).eval()
    torch.manual_seed(0)
    half = TowerTask(tiny_model(llava_dir), 2, dtype=torch.bfloat16).eval()
    assert half.logits(values).dtype == torch.float32
    assert not torch.equal(half.logits(values), whole.logits(values))
    torch.testing.assert_close(half.logits(values), whole.logits(values), atol=0.05, rtol=0)


def test_the_average_is_saved_with_the_weights_and_takes_their_place_in_the_end(llava_dir):
    task, other = (TowerTask(tiny_model(llava_dir), 2, average=0.5) for _ in range(2))
    for value in (1.0, 2.0):
        torch.nn.init.constant_(task.head.weight, value)
        task.after_step()
    other.load_learned_state(task.learned_state())
    assert (other.head.weight == 2).all()
    other.take_average()
    assert (other.head.weight == 1.5).all()
    assert other.learned_state().keys() == other.weights().keys()


def test_without_an_average_the_last_weights_stay(llava_dir):
    task = TowerTask(tiny_model(llava_dir), 2)
    before = {name: tensor.clone() for name, tensor in task.learned_state().items()}
    task.after_step()
    task.take_average()
    assert all(torch.equal(before[name], tensor) for name, tensor in task.learned_state().items())

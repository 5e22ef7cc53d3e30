"""A task under its optimiser: groups by part, and states of one kind of launch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from radz.config import TrainConfig
from radz.errors import CheckpointError
from radz.training.optimization import Optimization, fill_states, parameter_groups


class Task(nn.Module):
    """The square of a linear map of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.tower = nn.Linear(2, 1), nn.Linear(2, 1, bias=False)

    def forward(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": self.head(batch).square().mean()}

    def rate_groups(self) -> dict[str, list[nn.Parameter]]:
        return {"heads": [*self.head.parameters()], "tower": [*self.tower.parameters()]}


RATES = {"heads": 0.5, "tower": 0.1}


def prepared(tmp_path, **settings) -> Optimization:
    torch.manual_seed(0)
    return Optimization.prepare(Task(), TrainConfig(warmup_fraction=0.0, **settings), RATES, 4, tmp_path)


def step(training: Optimization, batch: torch.Tensor) -> float:
    norm = training.backward(training.forward(batch)["loss"])
    training.step()
    return norm


def test_every_part_has_its_rate_and_one_dimensional_parameters_do_not_decay():
    task = Task()
    groups = parameter_groups(task, RATES, 0.3)
    assert [(g["params"], g["lr"], g["weight_decay"]) for g in groups] == [
        ([task.head.weight], 0.5, 0.3),
        ([task.head.bias], 0.5, 0.0),
        ([task.tower.weight], 0.1, 0.3),
    ]


def test_gradients_are_clipped_and_the_norm_is_that_before(tmp_path):
    training = prepared(tmp_path, max_grad_norm=0.1)
    norm = training.backward(training.forward(torch.full((4, 2), 9.0))["loss"])
    gradients = [p.grad for p in training.model.parameters() if p.grad is not None]
    assert norm > 1
    assert float(torch.cat([g.flatten() for g in gradients]).norm()) == pytest.approx(0.1, rel=1e-4)


def test_optimiser_schedule_and_random_numbers_are_restored(tmp_path):
    batch, state = torch.randn(4, 2), tmp_path / "state"
    state.mkdir()
    one = prepared(tmp_path)
    step(one, batch)
    one.save(state)
    weights = {name: value.clone() for name, value in one.model.state_dict().items()}
    drawn = torch.rand(3)
    step(one, batch)

    two = prepared(tmp_path)
    two.model.load_state_dict(weights)
    two.load(state)
    assert torch.equal(torch.rand(3), drawn)
    step(two, batch)
    assert two.learning_rate == one.learning_rate
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True))


def test_a_state_of_another_kind_of_launch_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no optimizer\.pt: .* Resume with the launch configuration that"):
        prepared(tmp_path).load(tmp_path)


def test_parameters_that_nothing_reads_get_a_state(tmp_path):
    training = prepared(tmp_path)
    step(training, torch.randn(4, 2))
    unread = training.model.tower.weight
    assert unread not in training.optimizer.optimizer.state
    fill_states(training.optimizer)
    assert not training.optimizer.optimizer.state[unread]["exp_avg"].any()

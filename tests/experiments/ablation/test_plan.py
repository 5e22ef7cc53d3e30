"""Plans: the shipped ones, overrides, grids, and what is refused."""

from __future__ import annotations

import pytest
import yaml

from ablation_fakes import CONFIGS, PLANS
from radz.errors import ConfigError, UnknownNameError
from radz.experiments.ablation.plan import load_ablation


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_every_shipped_plan_loads_and_names_what_it_varies(path):
    ablation = load_ablation(path)
    first_fold = [(cell.config, cell.start, cell.scoring) for cell in ablation.cells[: len(ablation.arms)]]
    assert len(ablation.cells) == len(ablation.arms) * ablation.plan.folds * len(ablation.plan.seeds)
    assert all(a != b for i, a in enumerate(first_fold) for b in first_fold[:i]), "two arms are the same"


def trainings(plan: str, arm: str) -> list[tuple]:
    cells = load_ablation(CONFIGS / "ablations" / f"{plan}.yaml").cells
    return [(cell.config, cell.start) for cell in cells if cell.arm == arm]


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.stem)
def test_no_plan_trains_the_default_method_a_second_time(path):
    first = next(iter(load_ablation(path).arms))
    arm = {"components": "both", "groups": "both", "tokens": "medical", "anchors": "hybrid"}.get(path.stem, first)
    assert trainings(path.stem, arm) == trainings("components", "DFAT only" if path.stem == "wording" else "both")


def test_an_override_reaches_every_arm_and_its_start(folder):
    cells = load_ablation(folder / "plan.yaml", ["data.text_variants=2", "train.epochs=2"]).cells
    assert {cell.config.data.text_variants for cell in cells} == {2}
    assert {cell.start.data.text_variants for cell in cells if cell.start} == {2}
    assert {cell.config.train.epochs for cell in cells} == {2}
    assert {cell.start.train.epochs for cell in cells if cell.start} == {3}
    assert [cell.fold for cell in cells] == ["1/2"] * 3 + ["2/2"] * 3


def test_a_grid_makes_every_combination(folder, tmp_path):
    grid = {"model.tokens.count": [1, 2], "train.epochs": [1, 2]}
    (tmp_path / "grid.yaml").write_text(yaml.safe_dump({"title": "x", "base": str(folder / "base.yaml"), "grid": grid}))
    arms = load_ablation(tmp_path / "grid.yaml").arms
    assert [*arms] == ["count 1, epochs 1", "count 1, epochs 2", "count 2, epochs 1", "count 2, epochs 2"]
    assert arms["count 2, epochs 1"] == {"model.tokens.count": 2, "train.epochs": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": {"a": {"train.epoch": 1}}}, "Arm 'a': Unknown setting 'train.epoch'. Did you mean 'train.epochs'"),
        ({"arms": {"a": {"start": "general", "model": None}}}, "Arm 'a': model is None, but it is a section: give"),
        ({"arms": {"a": {"start": []}}}, r"Arm 'a': Unknown start '\[\]'"),
        ({"arms": {"a": {"start": "genral"}}}, "Arm 'a': Unknown start 'genral'. Did you mean 'general'"),
        ({"arms": {"a": {"scoring.ancors": "x"}}}, "Unknown setting 'ancors'"),
        ({"arms": {}}, "A plan needs arms or a grid"),
        ({"claims": {"bose": 1.0}}, "Unknown arm under claims 'bose'. Did you mean 'base'"),
        ({"folds": 1}, "folds: Input should be greater than or equal to 2"),
    ],
)
def test_a_bad_plan_is_refused(folder, change, message):
    tree = yaml.safe_load((folder / "plan.yaml").read_text()) | {"claims": {}} | change
    (folder / "bad.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        load_ablation(folder / "bad.yaml")

"""Configuration files, and the text form of settings: ``a.b=value``."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from radz.config import load_config, parse_options, parse_setting, put
from radz.errors import ConfigError, UnknownNameError
from radz.training.stages import load_plan

CONFIGS = Path(__file__).parents[1] / "configs"


def test_a_setting_is_a_dotted_name_and_a_yaml_value():
    assert parse_setting(" a.b = [x, 2]") == ("a.b", ["x", 2])
    assert parse_setting("a=b=c") == ("a", "b=c")


def test_options_become_a_tree():
    assert parse_options(["a=1", "b.c=[x, y]", "b.d=no way", "e="]) == {
        "a": 1,
        "b": {"c": ["x", "y"], "d": "no way"},
        "e": None,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("novalue", r"A setting is written key=value, got 'novalue'\. Example: train\.epochs=3"),
        ("=1", "written key=value, got '=1'"),
        ("a..b=1", "written key=value"),
        ("a=[", r"a=\[: the value is not valid YAML"),
    ],
)
def test_text_that_is_no_setting_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_options([text])


def test_a_value_cannot_become_a_section():
    with pytest.raises(ConfigError, match="'a' is a value, not a section, so it cannot hold 'b'"):
        parse_options(["a=1", "a.b=2"])


def test_put_makes_the_sections_on_the_way_and_fills_an_empty_one():
    tree = {"a": None, "b": {"c": 1}}
    put(tree, "a.x.y", 2)
    put(tree, "b.d", 3)
    assert tree == {"a": {"x": {"y": 2}}, "b": {"c": 1, "d": 3}}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_loads(path):
    assert all(config.output for config in load_plan(path))


def test_the_recipe_of_version_3_is_written_down():
    general, method = load_plan(CONFIGS / "version3.yaml")
    assert (general.warmup.targets, general.warmup.average, general.warmup.epochs) == ("with_normal", 0.99, 5)
    assert (general.data.soft_labels is not None, general.data.soft_weight) == (True, 0.5)
    assert general.train.warmup_fraction == 0.1
    assert {stage.model.image_size for stage in (general, method)} == {320}
    assert {stage.train.cross_fit for stage in (general, method)} == {3}
    assert method.model.tokens.count == 4, "DFAT is part of the shipped model"
    assert {"alignment", "knowledge"} == method.loss.weights.keys()
    assert method.start == general.output / "checkpoint"


def test_settings_are_overridden_from_the_command_line():
    changed = load_config(CONFIGS / "default.yaml", ["train.epochs=1", "data.options={unlisted: absent}"])
    assert changed.train.epochs == 1
    assert changed.data.options == {"unlisted": "absent"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epoch=1", "Unknown setting 'train.epoch'. Did you mean 'train.epochs'"),
        ("train.epochs", "written key=value"),
        ("train.epochs.x=1", "'epochs' is a value, not a section"),
        ("train.batch_size=1", "greater than or equal to 2"),
        ("data.val_split=test", "nothing is chosen by looking at a test split"),
        ("train.cross_fit=1", "greater than or equal to 2"),
        ("train.train_parts=[tower]", "data.cached_views needs a frozen tower"),
    ],
)
def test_bad_settings_are_refused(override, message):
    with pytest.raises((ConfigError, UnknownNameError), match=message.replace("(", r"\(")):
        load_config(CONFIGS / "default.yaml", [override])


def test_soft_labels_belong_to_the_warm_up():
    with pytest.raises(ConfigError, match=r"data\.soft_labels are read by the warm-up alone: add warmup"):
        load_config(CONFIGS / "dkam.yaml", ["data.soft_labels=teacher.csv"])
    assert load_config(CONFIGS / "default.yaml", ["data.soft_labels=teacher.csv"]).data.soft_weight == 0.5


def test_cross_fitting_needs_cached_states_and_towers():
    with pytest.raises(ConfigError, match=r"train\.cross_fit works on cached states: set data\.cached_views"):
        load_config(CONFIGS / "default.yaml", ["train.cross_fit=3", "data.cached_views=0"])
    with pytest.raises(ConfigError, match=r"train\.cross_fit needs a tower per fold: add warmup, or start from a run"):
        load_config(CONFIGS / "default.yaml", ["train.cross_fit=3", "warmup=null"])


def test_settings_that_radz_0_1_did_not_have_leave_saved_ones_as_they_were():
    saved = load_config(CONFIGS / "dkam.yaml").data.model_dump(mode="json")
    assert not {"soft_labels", "soft_weight"} & saved.keys()


def test_a_configuration_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No configuration file"):
        load_config(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("- a list")
    with pytest.raises(ConfigError, match="must hold a mapping"):
        load_config(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "x.yaml")


def test_yaml_cannot_run_code(tmp_path):
    (tmp_path / "x.yaml").write_text(yaml.dump({"output": "x"}) + "seed: !!python/object/apply:os.getpid []\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "x.yaml")

"""The text form of settings: ``a.b=value``."""

from __future__ import annotations

import pytest

from radz.config import parse_options, parse_setting, put
from radz.errors import ConfigError


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
